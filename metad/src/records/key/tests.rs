use proptest::prelude::*;

use super::*;

const GROUP: GroupId = GroupId(1);

#[test]
fn the_bytes_are_forever() {
    let hex = |key: Vec<u8>| key.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(hex(node(GROUP, NodeId(2), "a")), "0000000110000000000000000261");
    assert_eq!(hex(log_entry(GROUP, 3)), "00000001900000000000000003");
    let cursor = Cursor { revision: Revision(5), ordinal: 6 };
    let expected = "00000001200000000000000004000000000000000500000006";
    assert_eq!(hex(journal(GROUP, NamespaceId(4), cursor)), expected);
}

proptest! {
    #[test]
    fn entries_are_one_range_in_the_order_of_names(
        parent in 0u64..4, other in 0u64..4, a in "[a-z]{1,4}", b in "[a-z]{1,4}",
    ) {
        let (parent, other) = (NodeId(parent), NodeId(other));
        prop_assert_eq!(a.cmp(&b), node(GROUP, parent, &a).cmp(&node(GROUP, parent, &b)));
        let inside = entries(GROUP, parent, None).contains(&node(GROUP, other, &a));
        prop_assert_eq!(inside, parent == other);
        let resumed = entries(GROUP, parent, Some(&a)).contains(&node(GROUP, parent, &b));
        prop_assert_eq!(resumed, b > a);
    }
}
