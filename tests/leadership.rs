//! "One controller works": the program itself, one or more of it, in front of an API server that keeps a record of all
//! calls, and loses its mind about the Lease when the test says so.

#[path = "world/front.rs"]
mod front;
#[path = "leadership/program.rs"]
mod program;
#[path = "leadership/server.rs"]
mod server;

use std::time::{Duration, Instant};

use front::until;
use program::Program;
use rustix::process::Signal;
use serde_json::json;
use server::{Call, Mood, Server};

/// How long a holder works after its last renewal.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// How long the others wait for a holder.
const LEASE_DURATION: Duration = Duration::from_secs(15);
/// How long a call may be on its way to the API server of this test.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// The controller of that name works: it holds the Lease and makes Pods.
async fn works(server: &Server, name: &str) {
    until(&format!("{name} works"), || server.calls_of(name).iter().filter(|call| call.is_work()).count() > 3).await;
}

/// The controller of that name has looked at the Lease that another holds, and waits.
async fn stands_by(server: &Server, name: &str) {
    until(&format!("{name} stands by"), || server.watchers_of_the_lease(name) > 0).await;
}

/// The last call of these that the test is about.
fn last(calls: &[Call], which: impl Fn(&Call) -> bool) -> Instant {
    calls.iter().rev().find(|call| which(call)).expect("there is one").at
}

fn first(calls: &[Call], which: impl Fn(&Call) -> bool) -> Instant {
    calls.iter().find(|call| which(call)).expect("there is one").at
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_cannot_renew_writes_nothing_after_its_deadline_and_ends() {
    let one = async |mood: Mood| {
        let server = Server::start().await;
        let mut a = Program::start(&server, "a");
        works(&server, "a").await;
        until("it renews", || server.calls_of("a").iter().filter(|call| call.renews()).count() > 1).await;
        server.be(mood);
        assert_eq!(a.ended().await, Some(1), "{mood:?}: {}", a.log());
        assert!(a.log().contains("lost the Lease"), "{mood:?}: {}", a.log());
        let calls = server.calls_of("a");
        let (renewed, wrote) = (last(&calls, Call::renews), last(&calls, Call::is_work));
        assert!(wrote > renewed + RENEW_DEADLINE / 2, "{mood:?}: it worked as long as it might");
        assert!(wrote < renewed + RENEW_DEADLINE + ON_ITS_WAY, "{mood:?}: {:?} after the renewal", wrote - renewed);
    };
    tokio::join!(one(Mood::Fails), one(Mood::Hangs));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_lease_another_takes_ends() {
    let server = Server::start().await;
    let mut a = Program::start(&server, "a");
    works(&server, "a").await;
    server.annotate_the_lease();
    let before = server.calls_of("a").iter().filter(|call| call.renews()).count();
    until("it renews after a conflict", || server.calls_of("a").iter().filter(|c| c.renews()).count() > before).await;
    server.gives_the_lease_to("somebody");
    assert_eq!(a.ended().await, Some(1), "{}", a.log());
    assert!(a.log().contains("somebody holds it"), "{}", a.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_stopped_writes_nothing_when_it_goes_on() {
    let server = Server::start().await;
    let mut a = Program::start(&server, "a");
    works(&server, "a").await;
    let b = Program::start(&server, "b");
    stands_by(&server, "b").await;
    a.signal(Signal::STOP);
    works(&server, "b").await;
    let won = first(&server.calls_of("b"), Call::renews);
    let renewed = last(&server.calls_of("a"), Call::renews);
    assert!(won - renewed >= LEASE_DURATION - ON_ITS_WAY, "b waited for {:?}", won - renewed);
    a.signal(Signal::CONT);
    assert_eq!(a.ended().await, Some(1), "{}", a.log());
    let wrote: Vec<Call> = server.calls_of("a").into_iter().filter(|call| call.writes() && call.at > won).collect();
    assert!(wrote.is_empty(), "{wrote:?}");
    assert_eq!(server.pods_made_twice(), [""; 0]);
    drop(b);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_sigkill_the_next_controller_waits_for_the_lease_and_takes_over() {
    let server = Server::start().await;
    let a = Program::start(&server, "a");
    works(&server, "a").await;
    let b = Program::start(&server, "b");
    stands_by(&server, "b").await;
    a.signal(Signal::KILL);
    let killed = Instant::now();
    works(&server, "b").await;
    let renewed = last(&server.calls_of("a"), Call::renews);
    let begins = first(&server.calls_of("b"), Call::writes);
    assert!(begins > renewed + LEASE_DURATION - ON_ITS_WAY, "{:?}", begins - renewed);
    assert!(begins < killed + Duration::from_secs(17), "{:?}", begins - killed);
    assert_eq!(server.lease()["spec"]["leaseTransitions"], 1);
    assert_eq!(server.pods_made_twice(), [""; 0]);
    drop(b);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_sigterm_the_lease_is_given_back_when_no_work_can_follow() {
    let server = Server::start().await;
    let mut a = Program::start(&server, "a");
    works(&server, "a").await;
    let b = Program::start(&server, "b");
    stands_by(&server, "b").await;
    a.signal(Signal::TERM);
    assert_eq!(a.ended().await, Some(0), "{}", a.log());
    works(&server, "b").await;
    let (a, b_calls) = (server.calls_of("a"), server.calls_of("b"));
    let given_back = a.iter().find(|call| call.releases()).expect("it gave the Lease back");
    assert_eq!(
        (&given_back.body["spec"]["holderIdentity"], &given_back.body["spec"]["leaseDurationSeconds"]),
        (&json!(""), &json!(1))
    );
    assert!(last(&a, Call::is_work) < given_back.at, "its last work came before that");
    let won = first(&b_calls, Call::renews);
    assert!(given_back.at < won && won < first(&b_calls, Call::is_work));
    assert_eq!(server.pods_made_twice(), [""; 0]);
    drop(b);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_stand_by_one_takes_over() {
    let server = Server::start().await;
    let mut a = Program::start(&server, "a");
    works(&server, "a").await;
    let standing_by = [Program::start(&server, "b"), Program::start(&server, "c")];
    stands_by(&server, "b").await;
    stands_by(&server, "c").await;
    a.signal(Signal::TERM);
    assert_eq!(a.ended().await, Some(0), "{}", a.log());
    let works = |name: &str| server.calls_of(name).iter().any(Call::is_work);
    until("one of them works", || works("b") || works("c")).await;
    let (winner, loser) = if works("b") { ("b", "c") } else { ("c", "b") };
    let renewals = || server.calls_of(winner).iter().filter(|call| call.renews()).count();
    until("it renews for a while", || renewals() > 3).await;
    assert!(!server.calls_of(loser).iter().any(|call| call.writes() && call.is_taken), "{:?}", server.calls_of(loser));
    assert_eq!(server.lease()["spec"]["leaseTransitions"], 1, "it was taken once after the first holder");
    drop(standing_by);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_stands_by_ends_at_once_and_leaves_the_lease_alone() {
    let server = Server::start().await;
    server.gives_the_lease_to("somebody");
    let mut a = Program::start(&server, "a");
    stands_by(&server, "a").await;
    a.signal(Signal::TERM);
    assert_eq!(a.ended().await, Some(0), "{}", a.log());
    assert!(!server.calls_of("a").iter().any(Call::writes));
    assert_eq!(server.lease()["spec"]["holderIdentity"], "somebody");
}
