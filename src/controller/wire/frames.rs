//! Where does one event of a watch end and the next begin? In JSON at the end of a line; in protobuf each event has its
//! length in front.

use futures::StreamExt;
use http_body_util::{BodyDataStream, BodyExt};
use hyper::body::Bytes;
use kube::client::Body;
use prost::bytes::{Buf, BytesMut};

use super::{Event, Format, Wire};

/// The largest event. The API server stores no object above 1.5 MiB; JSON and an envelope take more.
const MAX: usize = 32 << 20;

/// How many bytes the length in front of an event takes.
const LENGTH: usize = 4;

/// The events of one watch, as they come.
pub struct Frames {
    body: BodyDataStream<Body>,
    format: Format,
    buffer: BytesMut,
    /// So many bytes of the buffer have no end of a line.
    searched: usize,
    /// Where the next event begins is not known any more.
    lost: bool,
}

impl Frames {
    /// Of that answer.
    pub fn of(body: Body, format: Format) -> Self {
        Self { body: body.into_data_stream(), format, buffer: BytesMut::new(), searched: 0, lost: false }
    }

    /// The next event, or `None` at the end. A part of an event at the end is dropped: the next watch begins with that
    /// event.
    pub async fn next<T: Wire>(&mut self) -> Option<kube::Result<Event<T>>> {
        while !self.lost {
            match self.cut() {
                Ok(Some(frame)) => return Some(self.format.event(frame)),
                Ok(None) => {}
                Err(why) => {
                    self.lost = true;
                    return Some(Err(super::unreadable("an event of a watch", &why)));
                }
            }
            match self.body.next().await? {
                Ok(more) => self.buffer.extend_from_slice(&more),
                Err(error) => {
                    self.lost = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    fn cut(&mut self) -> Result<Option<Bytes>, String> {
        let frame = match self.format {
            Format::Json => self.line(),
            Format::Protobuf => self.measured()?,
        };
        if frame.is_none() && self.buffer.len() > MAX {
            return Err(format!("it has more than {MAX} bytes"));
        }
        Ok(frame)
    }

    fn line(&mut self) -> Option<Bytes> {
        while let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(self.searched + end).freeze();
            self.buffer.advance(1);
            self.searched = 0;
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
        self.searched = self.buffer.len();
        None
    }

    fn measured(&mut self) -> Result<Option<Bytes>, String> {
        let Some(length) = self.buffer.first_chunk::<LENGTH>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > MAX {
            return Err(format!("it has {length} bytes, and {MAX} is the most"));
        }
        if self.buffer.len() < LENGTH + length {
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}
