//! How is a time of the wire read, which is a text in JSON and a number in protobuf?

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::engine::observed::time;

/// A time: text in JSON, seconds since 1970 in protobuf. No seconds: the API server has no time there.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Time {
    /// Seconds since 1970.
    #[prost(int64, optional, tag = "1")]
    pub seconds: Option<i64>,
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time, as 2026-01-01T00:00:00Z")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                let unreadable = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                let at = time::parse(text).ok_or_else(unreadable)?;
                Ok(Time { seconds: Some(at.timestamp()) })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Time {
    /// The engine's time. A time outside of chrono's range (years beyond 262,000) reads as the epoch.
    pub fn at(self) -> Option<DateTime<Utc>> {
        Some(DateTime::from_timestamp(self.seconds?, 0).unwrap_or_default())
    }
}
