//! Expressions to try: the hard ones by hand, the others drawn.

use super::dice::Dice;

/// Every case that was ever found to be read in two ways, and times at which clocks are changed.
pub const HARD: [&str; 42] = [
    "0 0 * * *",
    "30 0 * * *",
    "0 1 * * *",
    "30 1 * * *",
    "0 2 * * *",
    "30 2 * * *",
    "59 2 * * *",
    "0 3 * * *",
    "59 23 * * *",
    "15,45 1 * * *",
    "*/20 1-3 * * *",
    "* * * * *",
    "*/7 */5 * * *",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@yearly",
    "0 0 1 * *",
    "0 0 31 * *",
    "0 0 29 2 *",
    "0 0 31 2 *",
    "0 0 13 * 5",
    "0 0 */2 * 1",
    "0 0 */1 * 1",
    "0 2 ? * SUN",
    "0 0 1-7 * MON",
    "5/15 * * * *",
    "*/90 * * * *",
    "1,,2 1, * * *",
    "0 0 , * *",
    "0 0 , * 1",
    "*-5 *,5 +5 * *",
    "0 23 * 3,11 0",
    "0 0 1 1-12/3 *",
    "30 1,2 * * 0",
    "@every 1h30m",
    "@every 1s",
    "0 24 * * *",
    "0 0 * * 7",
    "@reboot",
    "H * * * *",
];

/// Never, at which the original looks for a good part of a second: every minute or hour of five years.
pub const SLOW: [&str; 3] = [", * * * *", "* , * * *", ",,/1 5 * * *"];

const RANGES: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
const MONTHS: [&str; 6] = ["jan", "MAR", "Oct", "nov", "dec", "JUL"];
const DAYS: [&str; 6] = ["sun", "MON", "Fri", "sat", "FRİ", "tue"];

/// One, mostly well formed.
pub fn random(dice: &mut Dice) -> String {
    let text = match dice.roll(20) {
        0 => ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"][dice.roll(7) as usize]
            .into(),
        1 => every(dice),
        _ => {
            let fields: Vec<String> = (0..5).map(|n| field(dice, n)).collect();
            let space =
                if dice.one_in(10) { ["  ", "\t", "\u{a0}", "\n", "\u{2003}"][dice.roll(5) as usize] } else { " " };
            fields.join(space)
        }
    };
    if dice.one_in(10) { spoil(dice, &text) } else { text }
}

fn field(dice: &mut Dice, n: usize) -> String {
    // Days and months are mostly open, or nothing would fire for years.
    if n >= 2 && !dice.one_in(3) {
        return if dice.one_in(8) { "?".into() } else { "*".into() };
    }
    let parts = if dice.one_in(4) { 1 + dice.roll(4) } else { 1 };
    let mut list: Vec<String> = (0..parts).map(|_| part(dice, n)).collect();
    if dice.one_in(30) {
        list.insert(dice.roll(list.len() as u32 + 1) as usize, String::new());
    }
    list.join(",")
}

fn part(dice: &mut Dice, n: usize) -> String {
    let range = match dice.roll(10) {
        0 | 1 => "*".into(),
        2..=6 => value(dice, n),
        7 if dice.one_in(6) => format!("*-{}", dice.roll(70)),
        _ => {
            let (a, b) = (number(dice, n), number(dice, n));
            let (low, high) = if dice.one_in(15) { (a.max(b), a.min(b)) } else { (a.min(b), a.max(b)) };
            format!("{low}-{high}")
        }
    };
    match dice.roll(6) {
        0 => format!("{range}/{}", 1 + dice.roll(12)),
        1 if dice.one_in(4) => {
            format!("{range}/{}", ["0", "+2", "90", "1", "", "x", "99999999999"][dice.roll(7) as usize])
        }
        _ => range,
    }
}

fn value(dice: &mut Dice, n: usize) -> String {
    match dice.roll(30) {
        0 => format!("+{}", number(dice, n)),
        1 => format!("00{}", number(dice, n)),
        2 => dice.roll(80).to_string(),
        3..=9 if n == 3 => MONTHS[dice.roll(6) as usize].into(),
        3..=9 if n == 4 => DAYS[dice.roll(6) as usize].into(),
        _ => number(dice, n).to_string(),
    }
}

/// Hours mostly at night, when clocks are changed.
fn number(dice: &mut Dice, n: usize) -> u32 {
    let (first, last) = RANGES[n];
    if n == 1 && !dice.one_in(3) { dice.roll(4) } else { first + dice.roll(last - first + 1) }
}

fn every(dice: &mut Dice) -> String {
    let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", ""];
    let number = |dice: &mut Dice| match dice.roll(6) {
        0 => format!("{}.{}", dice.roll(100), dice.roll(1000)),
        1 => format!(".{}", dice.roll(1000)),
        2 => format!("{}.", dice.roll(100)),
        _ => dice.roll(5000).to_string(),
    };
    let parts = 1 + dice.roll(3);
    let duration: String = (0..parts)
        .map(|_| number(dice) + units[if dice.one_in(8) { dice.roll(10) } else { 5 + dice.roll(3) } as usize])
        .collect();
    let sign = ["", "", "", "-", "+"][dice.roll(5) as usize];
    format!("@every {sign}{duration}")
}

/// One letter more, less or another.
pub fn spoil(dice: &mut Dice, text: &str) -> String {
    const LETTERS: [char; 20] =
        ['*', '?', '-', '/', ',', ' ', '0', '5', '9', 'H', 'L', 'W', '#', '+', '@', 'a', 'T', '=', '.', '\t'];
    let mut letters: Vec<char> = text.chars().collect();
    let at = dice.roll(letters.len() as u32 + 1) as usize;
    let letter = LETTERS[dice.roll(20) as usize];
    match dice.roll(3) {
        0 => letters.insert(at, letter),
        1 if at < letters.len() => letters[at] = letter,
        _ if at < letters.len() => drop(letters.remove(at)),
        _ => letters.push(letter),
    }
    letters.into_iter().collect()
}
