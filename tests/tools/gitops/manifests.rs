//! What stands in Git.

/// A run whose main container goes on until the test ends it, beside a sidecar that does not end by itself.
pub fn run(metadata: &str, spec: &str) -> String {
    let main = "until [ -e /exit ]; do sleep 0.1; done; read code < /exit; exit $code";
    let side = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
    format!(
        r#"apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata:
{metadata}
spec:
  backoffLimit: 0
{spec}
  sidecars: [{{name: side}}]
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: main, image: "busybox:1.37", command: [sh, -c, "{main}"]}}
      - {{name: side, image: "busybox:1.37", command: [sh, -c, "{side}"]}}
"#
    )
}

/// A schedule that does not fire while a test runs.
pub fn schedule(name: &str) -> String {
    format!(
        r#"apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarCronJob
metadata: {{name: {name}}}
spec:
  schedule: "0 0 29 2 *"
  jobTemplate:
    spec:
      backoffLimit: 0
      sidecars: [{{name: side}}]
      template:
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          containers:
          - {{name: main, image: "busybox:1.37", command: [sh, -c, "exit 3"], resources: {{requests: {{cpu: "0.01"}}}}}}
          - {{name: side, image: "busybox:1.37", command: [sh, -c, "sleep 1000"]}}
"#
    )
}

/// What comes after a run.
pub fn config(name: &str, metadata: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{metadata}\ndata: {{key: value}}\n")
}
