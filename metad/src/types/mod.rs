//! The domain: plain structs and validated newtypes that all of the server shares.
//!
//! Nothing here does I/O, knows an encoding, or depends on another module of the server.

mod change;
mod command;
mod consistency;
mod content;
mod id;
mod lock;
mod name;
mod node;
mod outcome;
mod path;
mod policy;

pub use change::{Change, ChangeKind, Cursor};
pub use command::{Action, ClientRequest, Command, CommitMode, Condition, Mutation, Request, Step};
pub use consistency::Consistency;
pub use content::Content;
pub use id::{ClientId, GroupId, NamespaceId, NodeId, Revision, ServerId};
pub use lock::{Fence, Lock, LockRef};
pub use name::{Field, Name, NameInvalid};
pub use node::{Account, Attributes, Body, Kind, Namespace, Node, Quota, Snapshot, Stat, Usage};
pub use outcome::{Applied, Outcome, Rejection, StepResult};
pub use path::{NodeRef, Path};
pub use policy::Policy;
