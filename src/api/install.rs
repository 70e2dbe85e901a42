//! What does the installation of `config/default` consist of, and where does it put the controller?

/// The namespace of the controller.
pub const NAMESPACE: &str = "sidecarjob-system";
/// The Deployment of the controller.
pub const DEPLOYMENT: &str = "sidecarjob-controller";
/// The ServiceAccount of the controller.
pub const SERVICE_ACCOUNT: &str = "sidecarjob-controller";
/// Selects the Deployment of the controller and its Pods, under whatever name and in whatever namespace.
pub const SELECTOR: &str = "app.kubernetes.io/name=sidecarjob,app.kubernetes.io/component=controller";
/// The policy that makes containers native sidecars at admission.
pub const POLICY: &str = "sidecarjob-native-sidecars";

/// The permissions of the controller, as YAML documents.
pub const ROLES: [&str; 2] =
    [include_str!("../../config/rbac/controller.yaml"), include_str!("../../config/rbac/leader_election.yaml")];

/// The optional components that allow the controller one more way to stop a sidecar: the name of the folder in
/// `config/components`, the fields that need the component, and its YAML documents.
pub const WAYS_TO_STOP: [(&str, &str, &str); 3] = [
    (
        "stop-http",
        "stop.http and recipes with an endpoint",
        include_str!("../../config/components/stop-http/role.yaml"),
    ),
    ("stop-exec", "stop.exec", include_str!("../../config/components/stop-exec/role.yaml")),
    (
        "stop-signal",
        "stop.signal, and stop.order of plain sidecars",
        include_str!("../../config/components/stop-signal/role.yaml"),
    ),
];

/// The admission policies and their bindings, as YAML documents, each with the folder of `config` that installs them.
pub const POLICIES: [(&str, &str); 5] = [
    ("config/components/policy", include_str!("../../config/components/policy/mutation/policy.yaml")),
    ("config/components/policy", include_str!("../../config/components/policy/validation/refuse.yaml")),
    ("config/components/policy", include_str!("../../config/components/policy/validation/advise.yaml")),
    ("config/admission", include_str!("../../config/admission/job_sidecars.yaml")),
    ("config/admission", include_str!("../../config/admission/schedule_advice.yaml")),
];
