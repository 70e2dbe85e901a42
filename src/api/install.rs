//! Where does the installation of `config/default` put the controller?

/// The namespace of the controller.
pub const NAMESPACE: &str = "sidecarjob-system";
/// The Deployment of the controller.
pub const DEPLOYMENT: &str = "sidecarjob-controller";
