//! What must the controller show to a scrape? The objects that it has in view, and the Pods that sidecars hold up.

use std::fmt::Debug;
use std::sync::Arc;

use crate::api::{Kind, SidecarCronJob, SidecarJob};

/// The objects that the controller has in view, in one namespace or in all. The controller implements this.
pub trait InView: Debug + Send + Sync {
    /// How many objects there are, by kind.
    fn counts(&self) -> Vec<(&'static str, usize)>;
    /// The SidecarJobs that the controller manages.
    fn runs(&self) -> Vec<Arc<SidecarJob>>;
    /// The SidecarCronJobs.
    fn schedules(&self) -> Vec<Arc<SidecarCronJob>>;
    /// The Pods whose main containers are done and whose sidecars still run.
    fn draining(&self) -> Vec<Draining>;
}

/// A Pod whose main containers are done and whose sidecars still run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draining {
    /// The kind of its run.
    pub kind: Kind,
    /// Namespace and name of its run.
    pub run: (String, String),
    /// The sidecars should have ended by now.
    pub blocked: bool,
}
