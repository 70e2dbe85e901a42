//! What is a step of the clock, what wakes the controller, and what happens then? No test sets the machine's clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use futures::StreamExt;

use super::*;

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_225_600_000 + milliseconds).unwrap()
}

/// By how much each test has set its wall clock; one entry for each such test.
static SET: [AtomicI64; 2] = [const { AtomicI64::new(0) }; 2];
static BEGIN: [OnceLock<Instant>; 2] = [const { OnceLock::new() }; 2];

/// The wall clock of the test.
fn now<const TEST: usize>() -> DateTime<Utc> {
    let passed = TimeDelta::from_std(BEGIN[TEST].get_or_init(Instant::now).elapsed()).unwrap();
    at(SET[TEST].load(Ordering::SeqCst)) + passed
}

#[test]
fn a_step_is_what_is_more_than_a_second_either_way() {
    for (what, milliseconds, is_step) in [
        ("nothing", 0, false),
        ("a slow reader", 40, false),
        ("a second forward, just", 1_000, false),
        ("a second back, just", -1_000, false),
        ("more than a second forward", 1_001, true),
        ("more than a second back", -1_001, true),
        ("an hour forward", 3_600_000, true),
        ("a night's sleep of the machine", 8 * 3_600_000, true),
        ("an hour back", -3_600_000, true),
    ] {
        let want = is_step.then(|| TimeDelta::milliseconds(milliseconds));
        assert_eq!(judge(at(0), at(milliseconds)), want, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_that_passes_is_no_step_and_small_steps_add_up_to_one() {
    let mut clocks = Clocks::new(Arc::new(now::<0>));
    let mut after = async |seconds, set| {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        SET[0].fetch_add(set, Ordering::SeqCst);
        clocks.step().map(|step| step.num_milliseconds())
    };
    assert_eq!(after(86_400, 0).await, None, "a day passes");
    assert_eq!(after(1, 600).await, None, "set by a little");
    assert_eq!(after(60, 600).await, Some(1_200), "and again");
    assert_eq!(after(60, 0).await, None, "that was told already");
    assert_eq!(after(0, -3_600_000).await, Some(-3_600_000));
}

#[cfg(target_os = "linux")]
mod of_linux {
    use rustix::io::Errno;
    use rustix::time::Timespec;

    use super::super::bell::heard;
    use super::*;

    fn soon() -> Timespec {
        let at = Utc::now() + TimeDelta::milliseconds(20);
        Timespec { tv_sec: at.timestamp(), tv_nsec: at.timestamp_subsec_nanos().into() }
    }

    #[test]
    fn what_the_kernel_says_is_understood() {
        assert!(heard(Err(Errno::CANCELED)).is_ok(), "the clock was set");
        assert!(heard(Ok(8)).is_ok(), "the timer is due");
        assert!(heard(Err(Errno::INTR)).is_ok(), "in doubt the clock is looked at");
        let again = heard(Err(Errno::AGAIN)).expect_err("nothing");
        assert_eq!(again.kind(), std::io::ErrorKind::WouldBlock, "waited for anew");
        assert!(heard(Err(Errno::BADF)).is_err(), "it is broken");
    }

    #[tokio::test]
    async fn a_bell_is_armed_for_ever_and_wakes_nobody_while_the_clock_is_left_alone() {
        let bell = Bell::hang().expect("a timer");
        assert!(bell.left().expect("readable").tv_sec > 200 * 365 * 86_400, "due in centuries");
        let rung = tokio::time::timeout(Duration::from_millis(300), bell.ring()).await;
        assert!(rung.is_err(), "it rang");
    }

    #[tokio::test]
    async fn a_ring_makes_a_look_and_only_a_step_makes_an_item() {
        static SET: AtomicI64 = AtomicI64::new(0);
        fn now() -> DateTime<Utc> {
            Utc::now() + TimeDelta::milliseconds(SET.load(Ordering::SeqCst))
        }
        let mut alarm = Alarm::new(Bell::hang_until(soon()));
        let mut clocks = Clocks::new(Arc::new(now));
        alarm.wait().await;
        assert_eq!(clocks.step(), None, "it rang, and the clock is where it was");
        SET.store(60_000, Ordering::SeqCst);
        let mut alarm = Alarm::new(Bell::hang_until(soon()));
        alarm.wait().await;
        let step = clocks.step().expect("the clock was set");
        assert!(
            (step - TimeDelta::seconds(60)).abs() < TOLERANCE,
            "{step}: the two clocks are read one after the other"
        );
        let ring_for_nothing = tokio::time::timeout(Duration::from_millis(300), alarm.wait()).await;
        assert!(ring_for_nothing.is_err(), "one ring is heard once");
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_kernel_refuses_the_clock_is_looked_at_now_and_then() {
        let refused = Alarm::new(Err(Errno::INVAL.into()));
        let mut steps = std::pin::pin!(watch("SidecarJob", refused, Clocks::new(Arc::new(now::<1>))));
        let quiet = tokio::time::timeout(Duration::from_secs(3_600), steps.next()).await;
        assert!(quiet.is_err(), "an hour without a step");
        SET[1].store(-60_000, Ordering::SeqCst);
        let begin = Instant::now();
        assert_eq!(steps.next().await, Some(()));
        assert!(begin.elapsed() <= PERIOD);
    }
}
