//! What do the paths through a piece of a script come to, and those through two pieces?

/// Where a path goes on for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The piece that says so: `while true`, `tail -f`.
    pub piece: String,
    /// Nothing may end it.
    pub is_sure: bool,
}

/// What the paths through a piece of a script come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// One comes to the end of the piece with exit code 0.
    pub is_ok: bool,
    /// One comes to the end of the piece with another exit code.
    pub is_failed: bool,
    /// The seconds of those two, at least.
    pub seconds: i64,
    /// One exits after so many seconds.
    pub exits: Option<i64>,
    /// One of those that exit may do so with exit code 0.
    pub exits_well: bool,
    /// One returns from its function after so many seconds.
    pub(super) returns: Option<i64>,
    /// One leaves so many loops.
    pub(super) leaves: usize,
    /// One gets stuck.
    pub stuck: Option<Stuck>,
}

impl Flow {
    pub(super) fn ok() -> Self {
        Self { is_ok: true, ..Self::default() }
    }

    pub(super) fn failed() -> Self {
        Self { is_failed: true, ..Self::default() }
    }

    /// Nobody knows the exit code.
    pub(super) fn either() -> Self {
        Self { is_ok: true, is_failed: true, ..Self::default() }
    }

    pub(super) fn stuck(piece: String, is_sure: bool) -> Self {
        Self { stuck: Some(Stuck { piece, is_sure }), ..Self::default() }
    }

    /// A path comes to the end of the piece.
    pub fn falls(&self) -> bool {
        self.is_ok || self.is_failed
    }

    /// Where all paths get stuck that don't fail.
    pub fn never_ends(&self) -> Option<Stuck> {
        let stuck = self.stuck.clone().filter(|_| !self.falls() && !self.exits_well && self.returns.is_none())?;
        Some(Stuck { is_sure: stuck.is_sure && self.exits.is_none(), ..stuck })
    }

    /// The seconds until the first end; `None`: there is no end.
    pub fn least(&self) -> Option<i64> {
        let falls = self.falls().then_some(self.seconds);
        [falls, self.exits, self.returns].into_iter().flatten().min()
    }

    /// This piece, and then that one.
    pub(super) fn then(self, next: Self) -> Self {
        let later = |at: Option<i64>| at.map(|at| at.saturating_add(self.seconds));
        Self {
            is_ok: next.is_ok,
            is_failed: next.is_failed,
            seconds: self.seconds.saturating_add(next.seconds),
            exits: first(self.exits, later(next.exits)),
            exits_well: self.exits_well || next.exits_well,
            returns: first(self.returns, later(next.returns)),
            leaves: self.leaves.max(next.leaves),
            stuck: both(self.stuck, next.stuck),
        }
    }

    /// This piece or that one.
    pub(super) fn or(self, other: Self) -> Self {
        let falls = first(self.falls().then_some(self.seconds), other.falls().then_some(other.seconds));
        Self {
            is_ok: self.is_ok || other.is_ok,
            is_failed: self.is_failed || other.is_failed,
            seconds: falls.unwrap_or(0),
            exits: first(self.exits, other.exits),
            exits_well: self.exits_well || other.exits_well,
            returns: first(self.returns, other.returns),
            leaves: self.leaves.max(other.leaves),
            stuck: both(self.stuck, other.stuck),
        }
    }

    /// The piece in a process of its own: who exits there only ends the piece.
    pub(super) fn apart(self) -> Self {
        let ends = first(self.exits, self.returns).or((self.leaves > 0).then_some(self.seconds));
        let falls = first(self.falls().then_some(self.seconds), ends);
        Self {
            is_ok: self.is_ok || ends.is_some(),
            is_failed: self.is_failed || ends.is_some(),
            seconds: falls.unwrap_or(0),
            stuck: self.stuck,
            ..Self::default()
        }
    }

    /// Behind the loop that has this piece as its body. Who exits in a loop has found a way out, whatever the exit code is.
    pub(super) fn left(self) -> Self {
        Self { leaves: self.leaves.saturating_sub(1), exits_well: self.exits.is_some(), ..self }
    }
}

fn first(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

fn both(one: Option<Stuck>, other: Option<Stuck>) -> Option<Stuck> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Stuck { is_sure: one.is_sure && other.is_sure, ..one }),
        (one, other) => one.or(other),
    }
}
