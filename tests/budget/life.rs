//! What does one run cost from its creation to its end, and until nothing happens any more?

use std::time::Duration;

use crate::allocations::{self, Allocations, outside};
use crate::controller;
use crate::counted::conversions_and_copies;
use crate::kinds::{Kind, START};
use crate::kubelet;
use crate::world::clock::Clock;
use crate::world::counting::{Server, Traffic};
use crate::world::store::is_true;

/// For so many milliseconds after the end all still counts, so that nothing happens then.
const QUIET: u64 = 120_000;

/// What was counted.
pub struct Life {
    pub traffic: Traffic,
    /// How often the run was converted into the engine's form, and how often it was copied.
    pub conversions: usize,
    pub copies: usize,
    pub allocations: Allocations,
    /// The size of the last status of the run, as JSON.
    pub status: usize,
}

/// A run of that kind, its Pods and the whole controller.
pub async fn of(kind: &Kind) -> Life {
    let server = Server::new(Clock::start_at(START), Duration::ZERO);
    let _working = controller::start(&server, kind.plural == "sidecarcronjobs").await;
    pass(1000).await; // all lists and watches are there
    server.traffic();
    conversions_and_copies();
    let before = allocations::so_far();
    outside(|| server.put(kind.plural, (kind.object)()));
    pass(1000 * kind.begins_after + 1000).await;
    for exit in kind.exits {
        attempt(&server, *exit).await;
    }
    pass(QUIET).await;
    let allocations = allocations::so_far() - before;
    let ((conversions, copies), traffic) = (conversions_and_copies(), server.traffic());
    let ended = server.all(kind.runs);
    assert!(ended.len() == 1 && is_true(&ended[0], "Complete"), "{}: the run ends well: {ended:?}", kind.title);
    let status = ended[0]["status"].to_string().len();
    Life { traffic, conversions, copies, allocations, status }
}

/// Each Pod that waits runs, its main container ends with that exit code, and then its sidecar. Pods follow each other
/// within a tenth of a second.
async fn attempt(server: &Server, exit: i64) {
    let pods = kubelet::pods(server, "Pending");
    assert!(!pods.is_empty(), "there are Pods");
    each(&pods, |pod| kubelet::bind(server, pod)).await;
    each(&pods, |pod| kubelet::start(server, pod)).await;
    each(&pods, |pod| kubelet::end_main(server, pod, exit)).await;
    each(&pods, |pod| kubelet::end_pod(server, pod)).await;
    pass(10_000).await; // the back-off, if the Pods failed
}

async fn each(pods: &[String], happens: impl Fn(&str)) {
    for pod in pods {
        happens(pod);
        pass(100).await;
    }
    pass(5000).await;
}

/// Time passes, and whatever is to happen meanwhile happens.
pub async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
