//! What does an expression say, and why is an expression invalid?

use super::*;

#[test]
fn descriptors_are_what_they_stand_for() {
    for (descriptor, fields) in [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ] {
        assert_eq!(Expression::parse(descriptor), Expression::parse(fields), "{descriptor}");
    }
}

#[test]
fn every_is_at_least_a_second_and_in_whole_seconds() {
    for (text, seconds) in
        [("@every 1h30m", 5_400), ("@every 1.9s", 1), ("@every 1ms", 1), ("@every -1h", 1), ("@every 0", 1)]
    {
        let kind = Kind::Every(TimeDelta::seconds(seconds));
        assert_eq!(Expression::parse(text), Ok(Expression { zone: None, kind }), "{text}");
    }
}

#[test]
fn a_zone_may_stand_before_it() {
    let zone = |text| Expression::parse(text).unwrap().zone.map(|z| z.name());
    assert_eq!(zone("TZ=Europe/Berlin 0 2 * * *"), Some("Europe/Berlin"));
    assert_eq!(zone("CRON_TZ=America/New_York   @daily"), Some("America/New_York"));
    assert_eq!(zone("TZ= 0 2 * * *"), Some("UTC"), "Go takes nothing as UTC");
    assert_eq!(zone("TZ=Local 0 2 * * *"), Some("UTC"));
    assert_eq!(zone("0 2 * * *"), None);
}

#[test]
fn what_is_refused_says_why() {
    for (text, want) in [
        ("", "the schedule is empty: write five fields, as in \"0 2 * * *\", or @daily"),
        ("* * * *", "expected 5 fields (minute, hour, day of month, month, day of week), found 4: \"* * * *\""),
        ("0 0 0 1 1 1", "expected 5 fields (minute, hour, day of month, month, day of week), found 6: \"0 0 0 1 1 1\""),
        ("0 24 * * *", "hour: \"24\" ends above 23"),
        ("TZ=0", "after \"TZ=0\" a space and a schedule are missing"),
        ("@every day", "\"@every day\" has no valid duration: write a duration as in @every 1h30m"),
    ] {
        assert_eq!(Expression::parse(text).unwrap_err().to_string(), want, "{text}");
    }
    for text in
        ["@reboot", "@DAILY", "@daily ", " @daily", "@every", "@every1h", "0 0 L * *", "0 0 * * 1#2", "0 0 15W * *"]
    {
        assert!(Expression::parse(text).is_err(), "{text}");
    }
    assert!(Expression::parse("TZ=europe/berlin 0 2 * * *").unwrap_err().to_string().contains("write Europe/Berlin"));
}

#[test]
fn days_of_month_and_week_are_either_unless_one_is_a_star() {
    for (text, day, weekday, want) in [
        ("0 0 13 * 5", 13, 1, true),
        ("0 0 13 * 5", 2, 5, true),
        ("0 0 13 * *", 2, 5, false),
        ("0 0 * * 5", 2, 5, true),
        ("0 0 * * 5", 2, 4, false),
        ("0 0 */2 * 5", 3, 4, true), // with a step it is no star: a day in either field matches
        ("0 0 */1 * 5", 3, 4, false),
        ("0 0 , * *", 3, 4, false),
    ] {
        let Kind::Calendar(calendar) = Expression::parse(text).unwrap().kind else { panic!("a calendar") };
        assert_eq!(calendar.has_day(day, weekday), want, "{text} on day {day}, weekday {weekday}");
    }
}
