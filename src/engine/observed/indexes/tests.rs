//! Sets of indexes and their text.

use super::*;

fn set(indexes: &[u32]) -> Indexes {
    indexes.iter().copied().collect()
}

#[test]
fn ranges_are_written_from_three_indexes_on_and_pairs_with_a_comma() {
    for (indexes, text) in [
        (&[][..], ""),
        (&[0], "0"),
        (&[0, 1], "0,1"),
        (&[0, 1, 2], "0-2"),
        (&[5, 0, 2, 1, 6], "0-2,5,6"),
        (&[1, 3, 5], "1,3,5"),
        (&[7, 8, 9, 11], "7-9,11"),
    ] {
        assert_eq!(set(indexes).to_string(), text);
        assert_eq!(Indexes::parse(text, 100), set(indexes), "{text}");
    }
}

#[test]
fn ranges_that_end_before_they_begin_are_found() {
    for (text, want) in [("0-3,7", &[][..]), ("5-3", &["5-3"]), ("1,9-2,4-4,8-7", &["9-2", "8-7"]), ("x-1,", &[])] {
        assert_eq!(reversed(text).collect::<Vec<_>>(), want, "{text}");
    }
}

#[test]
fn what_is_beyond_the_end_is_dropped_on_reading_and_what_is_no_range_is_passed_over() {
    for (text, completions, want) in [
        ("0-10", 5, "0-4"),
        ("3,5,7", 5, "3"),
        ("4,5", 5, "4"),
        ("0-2,x,4", 9, "0-2,4"),
        ("0-2,3-x,4", 9, "0-2,4"),
        ("2-1,4", 9, "4"),
        ("-1", 9, ""),
        (",", 9, ""),
        ("1,2", 0, ""),
        ("1-3,4-5,6", 9, "1-6"),
        ("5,1", 9, "1,5"),
    ] {
        assert_eq!(Indexes::parse(text, completions).to_string(), want, "{text} of {completions}");
    }
    assert_eq!(set(&[1, 2, 3, 8]).below(3), set(&[1, 2]));
}

#[test]
fn it_can_be_asked() {
    let set = Indexes::parse("1-3,5,8-9", 100);
    let has: Vec<u32> = (0..12).filter(|i| set.contains(*i)).collect();
    assert_eq!(has, [1, 2, 3, 5, 8, 9]);
    assert_eq!(set.len(), 6);
    assert_eq!(set.missing(11).collect::<Vec<_>>(), [0, 4, 6, 7, 10]);
    assert_eq!(set.missing(3).collect::<Vec<_>>(), [0]);
    assert_eq!(Indexes::default().missing(2).collect::<Vec<_>>(), [0, 1]);
    assert!(Indexes::default().is_empty());
}

#[test]
fn two_sets_are_joined_and_compared() {
    for (a, b, union, overlap) in [
        ("1-3", "4,5", "1-5", 0),
        ("1-3", "2-8", "1-8", 2),
        ("1-9", "3,5-6", "1-9", 3),
        ("", "7", "7", 0),
        ("0-4,6-9", "3-7", "0-9", 4),
        ("5", "5", "5", 1),
    ] {
        let (a, b) = (Indexes::parse(a, 100), Indexes::parse(b, 100));
        assert_eq!(a.union(&b).to_string(), union);
        assert_eq!(b.union(&a).to_string(), union);
        assert_eq!((a.overlap(&b), b.overlap(&a)), (overlap, overlap), "{a} and {b}");
    }
}
