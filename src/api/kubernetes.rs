//! Since which minor version has Kubernetes 1 what we use, and which minor version does an API server name?

/// Native sidecars, on by default: init containers with `restartPolicy: Always`.
pub const NATIVE_SIDECARS: u32 = 29;
/// The CRDs and the policies: the oldest version that the chart takes.
pub const SIDECARJOB: u32 = 30;
/// `spec.managedBy` of Jobs, on by default.
pub const MANAGED_BY: u32 = 32;
/// MutatingAdmissionPolicy in v1, on by default.
pub const MUTATING_POLICIES: u32 = 36;

/// The minor version of Kubernetes 1 in the answer of an API server, which may be `29+`. `None`: the answer can't be read, or has
/// another major version.
pub fn minor(major: &str, minor: &str) -> Option<u32> {
    let digits: String = minor.chars().take_while(char::is_ascii_digit).collect();
    (major == "1").then(|| digits.parse().ok()).flatten()
}
