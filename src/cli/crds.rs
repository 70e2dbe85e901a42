//! `sidecarjob crds`: which CustomResourceDefinitions does the running code expect? Needs no cluster.

use std::io::Write;

use clap::{Parser, ValueEnum};

use crate::api;

/// Prints the CustomResourceDefinitions of this program. To install them:
/// sidecarjob crds | kubectl apply --server-side -f -
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Output format
    #[arg(short, long, default_value = "yaml", value_name = "FORMAT")]
    pub output: Format,
}

/// Output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One YAML stream with a document for each definition.
    Yaml,
    /// One JSON List.
    Json,
}

/// Writes all definitions.
pub fn run(args: &Args, out: &mut dyn Write) -> std::io::Result<()> {
    let all = api::crd::all();
    match args.output {
        Format::Json => {
            let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": all});
            writeln!(out, "{list:#}")
        }
        Format::Yaml => all.iter().try_for_each(|crd| write!(out, "---\n{}", yaml(crd)?)),
    }
}

/// One definition as YAML that Go's parser reads back unchanged.
pub fn yaml(crd: &impl serde::Serialize) -> std::io::Result<String> {
    serde_saphyr::to_string(crd).map_err(std::io::Error::other)
}
