//! What does one of the five fields say?

use super::*;

fn numbers(text: &str, bounds: &Bounds) -> (Vec<u32>, bool) {
    let field = Field::parse(text, bounds).unwrap_or_else(|e| panic!("{text}: {e}"));
    ((0..64).filter(|n| field.has(*n)).collect(), field.star)
}

#[test]
fn fields_are_read_with_all_oddities() {
    for (text, bounds, want, star) in [
        ("5", &HOUR, vec![5], false),
        ("*/6", &HOUR, vec![0, 6, 12, 18], false),
        ("*/90", &HOUR, vec![0], false),
        ("20/2", &HOUR, vec![20, 22], false),
        ("1-9/4", &HOUR, vec![1, 5, 9], false),
        ("1,,2,", &HOUR, vec![1, 2], false),
        (",", &HOUR, vec![], false),
        ("+5", &HOUR, vec![5], false),
        ("007", &HOUR, vec![7], false),
        ("JAN-mar", &MONTH, vec![1, 2, 3], false),
        ("Sun,sAt", &WEEKDAY, vec![0, 6], false),
        ("FRİ", &WEEKDAY, vec![5], false),
    ] {
        assert_eq!(numbers(text, bounds), (want, star), "{text}");
    }
}

#[test]
fn a_star_stays_one_with_step_one_in_a_list_or_before_a_hyphen() {
    for text in ["*", "?", "*/1", "*,5", "*-5", "*-x-y"] {
        assert_eq!(numbers(text, &WEEKDAY), ((0..7).collect(), true), "{text}");
    }
    assert_eq!(numbers("*/2,*/3", &WEEKDAY), (vec![0, 2, 3, 4, 6], false));
    assert_eq!(numbers("0-6", &WEEKDAY), ((0..7).collect(), false), "all of them is no star");
}

#[test]
fn what_is_refused_says_why() {
    for (text, bounds, want) in [
        ("7", &WEEKDAY, "\"7\" ends above 6"),
        ("5-7", &WEEKDAY, "\"5-7\" ends above 6"),
        ("0", &DAY, "\"0\" begins below 1"),
        ("5-1", &HOUR, "\"5-1\" ends before it begins"),
        ("1-2-3", &HOUR, "\"1-2-3\" has more than one hyphen: write FIRST-LAST"),
        ("*/2/3", &HOUR, "\"*/2/3\" has more than one slash: write RANGE/STEP"),
        ("*/0", &HOUR, "\"*/0\" has a step of 0"),
        ("*/", &HOUR, "\"\" is not a number"),
        ("-5", &HOUR, "\"\" is not a number"),
        ("L", &DAY, "\"L\" is not a number"),
        ("janu", &MONTH, "\"janu\" is not a number and not the name of a month (jan to dec)"),
        ("+mon", &WEEKDAY, "\"+mon\" is not a number and not the name of a day (sun to sat)"),
        ("H", &MINUTE, "\"H\" is not a number"),
        ("99999999999999999999", &MINUTE, "\"99999999999999999999\" is not a number"),
    ] {
        assert_eq!(Field::parse(text, bounds).unwrap_err().to_string(), want, "{text}");
    }
}
