//! Are the CRDs installed, and of the version of this program?

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;

use super::{Installed, few, installed};
use crate::cli::doctor::facts::{Facts, Unread};
use crate::cli::doctor::finding::Finding;
use crate::cli::version::schema;

const CHECK: &str = "Crds";
/// Writes the CRDs as this program has them.
const APPLY: &str = "sidecarjob crds | kubectl apply --server-side --force-conflicts -f -";
/// The whole installation.
pub const INSTALL: &str = "kubectl apply --server-side -k config/default";

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    match installed(facts) {
        Installed::Nothing => return vec![nothing(facts)],
        Installed::PolicyAlone => {
            let words =
                "one annotation alone is installed: the policy, without the CRDs and the controller of SidecarJobs";
            return vec![Finding::ok(CHECK, words)];
        }
        Installed::Parts => {}
    }
    let compared = facts.crds.iter().filter_map(|(own, there)| one(facts, own, there));
    let compared: Vec<Finding> = compared.collect();
    match compared.is_empty() && !facts.crds.is_empty() {
        true => vec![Finding::ok(CHECK, format!("the CRDs are those of this program, {}", facts.program))],
        false => compared,
    }
}

fn nothing(facts: &Facts) -> Finding {
    let folder = match facts.mutating.served.as_ref().is_ok_and(|served| !served.iter().any(|v| v == "v1")) {
        true => INSTALL.replace("config/default", "config/without-policy"),
        false => INSTALL.to_owned(),
    };
    let words = "SidecarJob is not installed on this cluster; install it from a clone of its repository";
    Finding::fail(CHECK, words).mend(folder)
}

fn one(
    facts: &Facts,
    own: &CustomResourceDefinition,
    there: &Result<CustomResourceDefinition, Unread>,
) -> Option<Finding> {
    let name = own.name_any();
    let there = match there {
        Ok(there) => there,
        Err(Unread::Absent) => {
            return Some(Finding::fail(CHECK, format!("the cluster has no CRD {name}")).mend(APPLY));
        }
        Err(why) => return Finding::unknown(CHECK, &format!("the CRD {name}"), why),
    };
    let (missing, unknown) = schema::differences(own, there);
    let program = &facts.program;
    if let Some(why) = not_established(there) {
        let look = format!("kubectl describe crd {name}");
        return Some(Finding::fail(CHECK, format!("the API server does not serve the CRD {name}: {why}")).mend(look));
    }
    if !missing.is_empty() {
        let words = format!("the CRD {name} is older than this program, {program}: it lacks {}", few(&missing));
        return Some(Finding::fail(CHECK, words).mend(APPLY));
    }
    if !unknown.is_empty() {
        let words = format!(
            "the CRD {name} is newer than this program, {program}: it also has {}; use the program of that version",
            few(&unknown)
        );
        return Some(Finding::warn(CHECK, words));
    }
    (schema_of(own) != schema_of(there)).then(|| {
        let words =
            format!("the CRD {name} has the fields of this program, {program}, and other rules or descriptions");
        Finding::warn(CHECK, words).mend(APPLY)
    })
}

/// The API server's words, if it does not serve the kind.
fn not_established(there: &CustomResourceDefinition) -> Option<String> {
    let conditions = there.status.as_ref()?.conditions.as_ref()?;
    let bad =
        |c: &&k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionCondition| {
            ["Established", "NamesAccepted"].contains(&c.type_.as_str()) && c.status == "False"
        };
    let bad = conditions.iter().find(bad)?;
    Some(bad.message.clone().or_else(|| bad.reason.clone()).unwrap_or_default())
}

/// The schema of the version that the API server stores. The rest of a CRD has defaults, which the API server fills in.
fn schema_of(
    crd: &CustomResourceDefinition,
) -> Option<&k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps> {
    crd.spec.versions.iter().find(|version| version.storage)?.schema.as_ref()?.open_api_v3_schema.as_ref()
}
