//! Changing the display: the calls and their errors. [`Output`](crate::kms::Output) is what makes
//! them.

mod blob;
mod error;
mod request;
mod sys;

pub use error::CommitError;

pub(in crate::kms) use blob::Blob;
pub(in crate::kms) use request::AtomicRequest;
pub(in crate::kms) use request::CommitFlags;
pub(in crate::kms) use sys::page_flip;
