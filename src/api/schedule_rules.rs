//! Which SidecarCronJobs does the API server accept? A CronJob's validation as bounds and CEL rules, and a SidecarJob's
//! own rules for the template, which may change at any time.
//!
//! CEL can't find every error (`5-1` ends before it begins, 31 February). The rest appears in the condition Stalled.

use serde_json::{Value, json};

use crate::api::rules::{self, Group, Part};
use crate::cron::admission;

/// The longest name: a run's name adds a hyphen and the minutes since 1970, and the host names of its Pods have at most
/// 63 characters.
const NAME_MAX: usize = 52;

/// Adds bounds and rules to the schema of a SidecarCronJob.
pub fn add(schema: &mut Value) {
    let runs = "the names of its runs are longer; choose a shorter name";
    schema["x-kubernetes-validations"] = json!([rules::new_name(schema, NAME_MAX, runs), later()]);
    let spec = &mut schema["properties"]["spec"];
    spec["x-kubernetes-validations"] = SPEC.iter().map(Group::at_create).collect();
    let fields = &mut spec["properties"];
    schedules(fields);
    numbers(fields);
    fields["timeZone"]["x-kubernetes-validations"] = time_zone();
    fields["timeZone"]["maxLength"] = json!(64);
    fields["suspend"]["default"] = json!(false);
    fields["concurrencyPolicy"]["default"] = json!("Allow");
    fields["successfulJobsHistoryLimit"]["default"] = json!(3);
    fields["failedJobsHistoryLimit"]["default"] = json!(1);
    job(&mut fields["jobTemplate"]["properties"]["spec"]);
}

fn rule_of(rule: &str, message: &str) -> Value {
    json!({"rule": rule, "message": message})
}

/// A status write, as [`rules::at_update`] needs it. The first status of a schedule has no status before it.
const STATUS_WRITE: &str = "(has(self.status) && (!has(oldSelf.status) || self.status != oldSelf.status))";

/// The rules on several fields, for all writes after the create.
fn later() -> Value {
    let of_job = rules::later("self.spec.jobTemplate.spec").into_iter().map(|part| part.told(moved));
    let parts: Vec<Part> = SPEC.iter().map(|group| group.at_update("self.spec")).chain(of_job).collect();
    rules::at_update(STATUS_WRITE, parts)
}

const SPEC: [Group; 5] = [
    Group {
        unless: "false",
        about: None,
        rules: &[("has(self.schedule) != has(self.schedules)", "give either spec.schedule or spec.schedules")],
    },
    Group {
        unless: "!has(self.schedules) || size(self.schedules) == 1",
        about: None,
        rules: &[(
            "self.schedules.all(s, !s.startsWith('@every'))",
            "spec.schedules: @every counts from the last run and can't be one of several: make it an object of its own",
        )],
    },
    Group {
        unless: "!has(self.queueLimit)",
        about: None,
        rules: &[(
            "has(self.concurrencyPolicy) && self.concurrencyPolicy == 'Queue'",
            "spec.queueLimit has a meaning with concurrencyPolicy Queue only: set that, or remove it",
        )],
    },
    Group {
        unless: "!has(self.catchUpLimit)",
        about: None,
        rules: &[(
            "has(self.catchUp) && self.catchUp == 'All'",
            "spec.catchUpLimit has a meaning with catchUp All only: set that, or remove it",
        )],
    },
    Group {
        unless: "!has(self.catchUp) || self.catchUp != 'All'",
        about: None,
        rules: &[(
            "!has(self.concurrencyPolicy) || self.concurrencyPolicy != 'Replace'",
            "spec.catchUp All and concurrencyPolicy Replace exclude each other: each run would be deleted for the next",
        )],
    },
];

fn schedules(fields: &mut Value) {
    let no_zone = rule_of("!self.contains('TZ')", "TZ and CRON_TZ can't be used in a schedule: set spec.timeZone");
    let form = json!({
        "rule": format!("self.matches(r'{}')", admission::schedule()),
        "message": "not a schedule: write five fields (minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week \
                    0-6), @yearly, @monthly, @weekly, @daily, @hourly or @every 1h30m; sidecarjob cron next EXPRESSION says what \
                    is wrong"
    });
    let no_every = rule_of("!self.startsWith('@every')", "@every can't exclude times: write five fields");
    let text = |schema: &mut Value, rules: Value| {
        schema["maxLength"] = json!(512);
        schema["x-kubernetes-validations"] = rules;
    };
    text(&mut fields["schedule"], json!([no_zone, form]));
    text(&mut fields["schedules"]["items"], json!([no_zone, form]));
    text(&mut fields["exclude"]["items"], json!([no_zone, form, no_every]));
    (fields["schedules"]["minItems"], fields["schedules"]["maxItems"]) = (json!(1), json!(16));
    fields["exclude"]["maxItems"] = json!(16);
}

fn numbers(fields: &mut Value) {
    for (field, least, most) in [
        ("jitterSeconds", 0, 86_400),
        ("startingDeadlineSeconds", 0, i64::from(i32::MAX)),
        ("queueLimit", 1, 100),
        ("catchUpLimit", 1, 100),
        ("successfulJobsHistoryLimit", 0, i64::from(i32::MAX)),
        ("failedJobsHistoryLimit", 0, i64::from(i32::MAX)),
        ("ttlSecondsAfterSuccess", 0, i64::from(i32::MAX)),
        ("ttlSecondsAfterFailure", 0, i64::from(i32::MAX)),
    ] {
        (fields[field]["minimum"], fields[field]["maximum"]) = (json!(least), json!(most));
    }
}

/// The time zones that the controller knows. A schedule with another zone would never run.
fn time_zone() -> Value {
    let names: Vec<String> = admission::zones().map(|name| format!("'{name}'")).collect();
    json!([{
        "rule": format!("self in [{}]", names.join(",")),
        "message": "unknown time zone: names are those of https://www.iana.org/time-zones, as in Europe/Berlin; upper and \
                    lower case matter"
    }])
}

/// The rules for a new SidecarJob; the template may change at any time.
fn job(spec: &mut Value) {
    rules::spec(spec);
    tell_place(spec);
}

/// Makes messages name the place of the fields in this kind.
fn tell_place(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            if let Some(Value::Array(rules)) = fields.get_mut("x-kubernetes-validations") {
                for (key, text) in rules.iter_mut().filter_map(Value::as_object_mut).flatten() {
                    if key.starts_with("message") {
                        *text = json!(moved(text.as_str().unwrap_or_default()));
                    }
                }
            }
            fields.values_mut().for_each(tell_place);
        }
        Value::Array(items) => items.iter_mut().for_each(tell_place),
        _ => {}
    }
}

/// `spec.template` becomes `spec.jobTemplate.spec.template`. Texts in an expression begin with a quote; a rule has
/// `self.spec`.
fn moved(message: &str) -> String {
    let words = message.split(' ').map(|word| {
        let (quote, word) = word.strip_prefix('"').map_or(("", word), |word| ("\"", word));
        match word.strip_prefix("spec.") {
            Some(rest) => format!("{quote}spec.jobTemplate.spec.{rest}"),
            None => format!("{quote}{word}"),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::crd;

    fn spec() -> Value {
        let crd = serde_json::to_value(crd::sidecarcronjob()).unwrap();
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
    }

    #[test]
    fn the_template_may_change_and_keeps_to_the_rules_of_a_sidecarjob() {
        let job = spec()["properties"]["jobTemplate"]["properties"]["spec"].clone();
        let text = job.to_string();
        assert!(!text.replace("oldSelf.hasValue()", "").contains("oldSelf"), "a template may change");
        assert!(text.contains("spec.jobTemplate.spec.template.spec.restartPolicy must be Never or OnFailure"));
        assert_eq!(job["properties"]["backoffLimit"]["minimum"].as_f64(), Some(0.0));
    }

    #[test]
    fn a_name_is_looked_at_when_the_object_is_new() {
        let crd = serde_json::to_value(crd::sidecarcronjob()).unwrap();
        let rules = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x-kubernetes-validations"];
        assert_eq!(rules.as_array().unwrap().len(), 2);
        let rule = (&rules[0]["rule"], &rules[0]["optionalOldSelf"]);
        assert_eq!(rule, (&json!("oldSelf.hasValue() || size(self.metadata.name) <= 52"), &json!(true)));
    }

    #[test]
    fn client_side_apply_has_room_for_it() {
        let text = serde_json::to_string(&crd::sidecarcronjob()).unwrap();
        assert!(text.len() < 245_000, "{} bytes of at most 262,144", text.len());
    }

    #[test]
    fn what_is_quoted_in_rules_has_no_quote() {
        assert!(!admission::schedule().contains('\''));
        assert!(admission::zones().all(|name| !name.contains('\'')));
    }
}
