//! Do annotations or labels of the Pod template ask a webhook to add a sidecar that would keep the Pods running?

use crate::api::injectors;
use crate::cli::convert::work::Work;

/// A mark that asks for a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Who injects.
    pub by: &'static str,
    /// The annotation or label.
    pub mark: &'static str,
}

/// The injections that the Pod template asks for. What the injector adds as a native sidecar is left out.
pub fn asked(work: &Work) -> Vec<Injection> {
    let marks: Vec<(&str, &str)> = work.marks.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let plain = injectors::ALL.iter().filter(|injector| !injector.is_native(&marks));
    plain.filter_map(|injector| Some(Injection { by: injector.who, mark: injector.asked(&marks)?.key })).collect()
}
