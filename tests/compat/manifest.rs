//! What do these tests run? One main container and one sidecar, as each kind writes them.

/// The template, indented as deep as a `spec` of a run.
pub const TEMPLATE: &str = r#"
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - {name: main, image: "busybox:1.37", command: ["true"]}
      - {name: side, image: "busybox:1.37", command: [sleep, "1000"]}
"#;

/// A SidecarJob with these lines in its spec besides.
pub fn run(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarJob\nmetadata: {{name: {name}}}\nspec:\n  \
         sidecars: [{{name: side}}]\n{spec}{TEMPLATE}"
    )
}

/// The same run as one that fails.
pub fn failing(name: &str, spec: &str) -> String {
    let annotated = "  template:\n    metadata: {annotations: {compat/exit-code: \"3\"}}\n";
    run(name, &format!("  backoffLimit: 0\n{spec}")).replace("  template:\n", annotated)
}
