//! Compiles the .proto files in pure Rust: no protoc needed.

use prost::Message as _;

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = ["metad/v1/files.proto", "metad/v1/cluster.proto", "metad/v1/raft.proto"];
    let descriptors = protox::compile(files, ["proto"])?;
    let encoded = std::path::Path::new(&std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(encoded, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").btree_map(".").compile_fds(descriptors)?;
    Ok(())
}
