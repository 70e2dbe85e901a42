//! How is one call made, and what does its answer mean?
//!
//! Each call has a bound in time. What is gone already, and what goes with its namespace, is no error.

use crate::controller::bound;
use crate::controller::error::{CALL_TIMEOUT, Error};

/// One call, with a bound. What it waits for a place among the calls in flight does not count.
pub fn call<T>(
    what: &str,
    future: impl Future<Output = kube::Result<T>>,
) -> impl Future<Output = Result<kube::Result<T>, Error>> {
    let bounded = bound::within(CALL_TIMEOUT, future);
    async move { bounded.await.ok_or_else(|| Error::Timeout(what.to_owned())) }
}

/// What was tried, and why it failed.
pub fn failed(step: &str, source: kube::Error) -> Error {
    Error::Step { step: step.to_owned(), source }
}

/// The object is not there, or its whole kind is not: of a group that it does not know the API server says so in plain
/// text, which has the code and no reason.
pub fn is_absent(status: &kube::core::Status) -> bool {
    status.code == 404
}

/// Not found, or another object by now: a precondition on the UID fails as a conflict.
pub fn is_gone(status: &kube::core::Status) -> bool {
    is_absent(status) || (status.code == 409 && status.message.contains("UID"))
}

/// The whole namespace is on its way out, and the SidecarJob with it.
pub fn is_terminating(status: &kube::core::Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_the_api_server_does_not_know_is_absent_as_an_object_is() {
        let in_text =
            kube::core::Status { code: 404, reason: "Failed to parse error data".into(), ..Default::default() };
        let object = kube::core::Status { code: 404, reason: "NotFound".into(), ..Default::default() };
        let conflict = kube::core::Status { code: 409, reason: "Conflict".into(), ..Default::default() };
        assert!(is_absent(&in_text) && is_absent(&object) && !is_absent(&conflict));
    }
}
