//! Is a time left out?
//!
//! An exclusion is a cron expression of five fields; a time is left out if the expression would fire in that very minute
//! on the wall. `* * 25 12 *` leaves out a day, `* 0-5 * * *` the night.

use chrono::{Datelike, Timelike};

use crate::cron::expression::Calendar;
use crate::cron::field;
use crate::cron::zone::Zone;

/// If the minute at that second is left out: the last second that is left out with it, at least.
pub fn until(exclude: &[Calendar], zone: Zone, unix: i64) -> Option<i64> {
    let wall = zone.wall(unix)?;
    let hit = |c: &&Calendar| {
        c.month.has(wall.month())
            && c.has_day(wall.day(), wall.weekday().num_days_from_sunday())
            && c.hour.has(wall.hour())
            && c.minute.has(wall.minute())
    };
    let hit = exclude.iter().find(hit)?;
    let whole_day = hit.every_hour() && hit.minute.is_full(&field::MINUTE);
    let midnight = whole_day.then(|| zone.first(wall.date().succ_opt()?.and_hms_opt(0, 0, 0)?)).flatten();
    Some(midnight.map_or(unix, |midnight| (midnight - 1).max(unix)))
}
