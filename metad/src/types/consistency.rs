//! What a read must reflect.

use super::Revision;

/// See [the API](metad_proto::v1::Consistency).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Everything that was acknowledged before.
    #[default]
    Linearizable,
    /// The same, as long as clocks run at about the same rate.
    Lease,
    /// This revision at least, on any node.
    AtLeast(Revision),
    /// Whatever the node has.
    Any,
}
