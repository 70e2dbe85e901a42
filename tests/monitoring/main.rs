//! Do the metrics, alerts and dashboard of config/monitoring work? With the real promtool and Prometheus, which
//! tests/monitoring/prepare gets from Debian, and the CRDs of the real Prometheus operator.

#[path = "dashboard.rs"]
mod dashboard;
#[path = "install.rs"]
mod install;
#[path = "picture.rs"]
mod picture;
#[path = "prometheus.rs"]
mod prometheus;
#[path = "rules.rs"]
mod rules;
#[path = "../support/mod.rs"]
mod support;
#[path = "tools.rs"]
mod tools;
