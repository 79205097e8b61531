//! The domain: plain structs and validated newtypes that all of the server shares.
//!
//! Nothing here does I/O, knows an encoding, or depends on another module of the server.

mod change;
mod command;
mod consistency;
mod content;
mod id;
mod name;
mod node;
mod outcome;
mod path;

pub use change::{Change, ChangeKind, Cursor};
pub use command::{Action, Command, CommitMode, Condition, Request, Step};
pub use consistency::Consistency;
pub use content::Content;
pub use id::{ClientId, GroupId, NamespaceId, NodeId, Revision, ServerId};
pub use name::{Name, NameInvalid};
pub use node::{Account, Attributes, Body, Kind, Namespace, Node, Quota, Snapshot, Stat, Usage};
pub use outcome::{Applied, Outcome, Rejection, StepResult};
pub use path::{NodeRef, Path};
