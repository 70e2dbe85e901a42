//! In which order does the program end? Nothing new is begun; what is under way is finished; the Lease is given back; the
//! last events are sent. Each has a bound.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::controller::error::Fatal;
use crate::controller::gate::Gate;
use crate::controller::leader::Leadership;
use crate::controller::queue::stopped;

/// How long what is under way may take when the program is told to stop. With the other bounds that is less than the 30 s of
/// `terminationGracePeriodSeconds`.
const FINISH_WITHIN: Duration = Duration::from_secs(15);
/// How long calls of tasks beside the queues may take after that.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// How long the last events may take.
const EVENTS_WITHIN: Duration = Duration::from_secs(5);

/// What is under way when the program is told to stop has a bound: the next controller goes on from any line.
pub async fn in_time<T>(
    work: impl Future<Output = Result<T, Fatal>>,
    stop: watch::Receiver<bool>,
) -> Result<End, Fatal> {
    let overdue = async {
        stopped(stop).await;
        tokio::time::sleep(FINISH_WITHIN).await;
    };
    tokio::select! {
        worked = work => worked.map(|_| End::Finished),
        () = overdue => {
            warn!("ended with work under way that took longer than {}s", FINISH_WITHIN.as_secs());
            Ok(End::Overdue)
        }
    }
}

/// How the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is under way any more.
    Finished,
    /// What was under way took too long.
    Overdue,
}

/// The Lease is given back once no write can follow but events, which tell what was done already. A write that was cut off
/// may still reach the API server: then the Lease is left to run out.
pub async fn end(
    worked: Result<End, Fatal>,
    gate: &Gate,
    leadership: Option<Leadership>,
    sending: JoinHandle<()>,
) -> Result<(), Fatal> {
    let is_answered = timeout(ANSWERED_WITHIN, gate.end_work()).await.is_ok();
    let is_finished = matches!(worked, Ok(End::Finished)) && is_answered;
    let kept = match leadership {
        Some(leadership) if is_finished => {
            leadership.release().await;
            None
        }
        Some(leadership) => {
            warn!("the Lease runs out by itself: work was cut off");
            Some(leadership)
        }
        None => None,
    };
    if timeout(EVENTS_WITHIN, sending).await.is_err() {
        warn!("some events were not sent");
    }
    drop(kept);
    info!("stopped");
    worked.map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::future;
    use hyper::{Request, Response};
    use kube::client::Body;
    use tower::{BoxError, Layer, Service, service_fn};

    use super::*;
    use crate::controller::gate::Calls;
    use crate::controller::leader::RELEASED_WITHIN;

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_has_a_bound_once_the_program_is_to_end_and_none_before() {
        let (stop, told) = watch::channel(false);
        let endless = || future::pending::<Result<(), Fatal>>();
        let waits = tokio::time::timeout(Duration::from_secs(3600), in_time(endless(), told.clone())).await;
        assert!(waits.is_err(), "nobody said stop");
        stop.send_replace(true);
        let begin = tokio::time::Instant::now();
        assert!(in_time(endless(), told.clone()).await.is_ok_and(|end| end == End::Overdue));
        assert_eq!(begin.elapsed(), FINISH_WITHIN);
        let lost = in_time(async { Err::<(), _>(Fatal::WentBack("x".into())) }, told).await;
        assert!(lost.is_err(), "why it ended is kept");
        assert!(FINISH_WITHIN + ANSWERED_WITHIN + RELEASED_WITHIN + EVENTS_WITHIN < Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn the_lease_is_given_back_only_if_no_write_was_cut_off() {
        let fatal = || Err(Fatal::WentBack("x".into()));
        for (what, worked, call_hangs, is_given_back) in [
            ("all is finished", Ok(End::Finished), false, true),
            ("the work took too long", Ok(End::Overdue), false, false),
            ("a call of a task beside it has no answer", Ok(End::Finished), true, false),
            ("the views are wrong", fatal(), false, false),
        ] {
            let gate = Gate::new(Arc::new(|| Duration::ZERO));
            gate.open_for_good();
            let hangs = service_fn(|_: Request<Body>| future::pending::<Result<Response<()>, BoxError>>());
            let mut service = gate.layer(Calls::Work).layer(hangs);
            let call = call_hangs.then(|| service.call(Request::post("/x").body(Body::empty()).expect("a request")));
            let (leadership, told) = Leadership::held();
            let is_fatal = worked.is_err();
            let result = end(worked, &gate, Some(leadership), tokio::spawn(async {})).await;
            assert_eq!(*told.borrow(), is_given_back, "{what}");
            assert_eq!(result.is_err(), is_fatal, "{what}");
            drop(call);
        }
    }
}
