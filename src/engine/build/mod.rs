//! What does the kubelet get?
//!
//! `pod` builds a Pod from the template; `native` and `managed` say how sidecars are built into it, `grace` how long the kubelet
//! waits before it kills, `names` what the Pod is called, `recipes` how well-known sidecars are stopped, and `changed` what an
//! admission webhook made of the Pod.

pub mod changed;
pub mod grace;
pub mod managed;
pub mod names;
pub mod native;
pub mod pod;
pub mod recipes;
