//! Which Pod does the kubelet get?
//!
//! `pod` builds a Pod from the template, and `native` and `managed` its sidecars. `grace` says how long the kubelet
//! waits before it sends SIGKILL, `names` has the name of the Pod, `recipes` the ways to stop well-known sidecars, and
//! `changed` says what an admission webhook changed.

pub mod changed;
pub mod grace;
pub mod managed;
pub mod names;
pub mod native;
pub mod pod;
pub mod recipes;
