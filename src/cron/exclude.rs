//! Does an exclusion match a time?
//!
//! An exclusion is a cron expression of five fields. A time does not run if the exclusion would fire in the same minute
//! by the local clock. `* * 25 12 *` excludes a day, `* 0-5 * * *` the night.

use chrono::{Datelike, Timelike};

use crate::cron::expression::Calendar;
use crate::cron::field;
use crate::cron::zone::Zone;

/// If the minute of this second is excluded: the last second that is certainly excluded with it.
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
