//! What is the result of a run?

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The run succeeded; otherwise it failed.
    pub success: bool,
    /// The reason, from `api::conditions`.
    pub reason: String,
    /// The message, a sentence.
    pub message: String,
    /// The stored status has the result, so deeds may act on it.
    pub stored: bool,
}

impl Ending {
    /// The run failed, and the status does not have that yet.
    pub fn failure(reason: &str, message: &str) -> Self {
        Self { success: false, reason: reason.into(), message: message.into(), stored: false }
    }

    /// The run succeeded, and the status does not have that yet.
    pub fn success(reason: &str, message: &str) -> Self {
        Self { success: true, reason: reason.into(), message: message.into(), stored: false }
    }
}
