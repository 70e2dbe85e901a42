//! What is the result of a run?

/// The result of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Success, or failure.
    pub success: bool,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// The status has it already: it is stored, and may be acted upon.
    pub stored: bool,
}

impl Ending {
    /// It failed.
    pub fn failure(reason: &str, message: &str) -> Self {
        Self { success: false, reason: reason.into(), message: message.into(), stored: false }
    }

    /// It succeeded.
    pub fn success(reason: &str, message: &str) -> Self {
        Self { success: true, reason: reason.into(), message: message.into(), stored: false }
    }
}
