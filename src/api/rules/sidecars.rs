//! Which `spec.sidecars` are valid: which ways to stop a sidecar, which numbers, and what each mode can do at all?

use serde_json::{Value, json};

use crate::api::rules::Group;

/// The signals that make a process end, or prepare its end. SIGKILL has no effect on a container's first process.
pub const SIGNALS: [&str; 6] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/// What only native sidecars can do.
pub const MANAGED: Group = Group {
    unless: "!has(self.sidecarMode) || self.sidecarMode != 'Managed' || !has(self.sidecars)",
    about: Some("spec.sidecarMode is Managed, which can't do what spec.sidecars[].start asks for"),
    rules: &[
        (
            "self.sidecars.all(s, !has(s.start) || !has(s.start.before) || s.start.before != 'Init')",
            "spec.sidecars[].start.before is Init and spec.sidecarMode is Managed: only native sidecars start before init \
             containers; use Auto or Native, or leave it out",
        ),
        (
            "self.sidecars.all(s, !has(s.start) || !has(s.start.until) || s.start.until != 'Ready')",
            "spec.sidecars[].start.until is Ready and spec.sidecarMode is Managed: main containers wait for native sidecars \
             only; use Auto or Native, or leave it out",
        ),
    ],
};

/// How a sidecar starts and stops. No wait of a sidecar needs more than a day.
pub fn bounds(fields: &mut Value) {
    const DAY: i32 = 86_400;
    let mut range = |path: &str, min: i32, max: i32| {
        if let Some(field) = fields.pointer_mut(path) {
            field["minimum"] = json!(min);
            field["maximum"] = json!(max);
        }
    };
    range("/maxRestarts", 0, i32::MAX);
    range("/start/properties/deadlineSeconds", 1, DAY);
    range("/stop/properties/order", -1000, 1000);
    range("/stop/properties/gracePeriodSeconds", 1, DAY);
    range("/stop/properties/http/properties/port", 1, 65_535);
    if let Some(port) = fields.pointer_mut("/stop/properties/http/properties/port") {
        port["format"] = json!("int32"); // of the API server's formats, which has no uint16 and warns of it
    }
    let stop = &mut fields["stop"];
    stop["x-kubernetes-validations"] = json!([{
        "rule": "[has(self.http), has(self.exec), has(self.signal), has(self.recipe)].filter(given, given).size() <= 1",
        "message": "of spec.sidecars[].stop.http, exec, signal and recipe at most one may be given: choose how it is stopped"
    }]);
    let stop = &mut stop["properties"];
    let path = &mut stop["http"]["properties"]["path"];
    path["maxLength"] = json!(1024);
    path["pattern"] = json!("^/[!-~]*$");
    let command = &mut stop["exec"]["properties"]["command"];
    command["minItems"] = json!(1);
    command["maxItems"] = json!(64);
    command["items"]["maxLength"] = json!(4096);
    stop["signal"]["enum"] = json!(SIGNALS);
    super::name(&mut stop["recipe"]);
}
