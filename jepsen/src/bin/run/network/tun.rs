//! Network interfaces whose other end is this process.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd},
};

use rustix::ioctl;

/// Where they are made.
pub const DEVICE: &str = "/dev/net/tun";

/// From linux/if_tun.h.
const TUNSETIFF: ioctl::Opcode = 0x4004_54ca;
const IFF_TUN: i16 = 0x0001;
/// Packets begin with their IP header.
const IFF_NO_PI: i16 = 0x1000;

/// `struct ifreq`: a name, and a union of which the flags are used.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}

/// Makes an interface in the network namespace of this process; it is gone when the file is
/// closed. Each read gives a packet that was sent there, each write has one arrive.
pub fn open(name: &str) -> io::Result<File> {
    assert!(name.len() < 16, "names of interfaces are short, and end with a zero");
    let file = File::options().read(true).write(true).open(DEVICE)?;
    let mut request = InterfaceRequest { name: [0; 16], flags: IFF_TUN | IFF_NO_PI, rest: [0; 22] };
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    attach(file.as_fd(), request)?;
    rustix::io::ioctl_fionbio(&file, true)?;
    Ok(file)
}

fn attach(file: BorrowedFd<'_>, request: InterfaceRequest) -> io::Result<()> {
    // SAFETY: TUNSETIFF reads, and may write, one `struct ifreq` of 40 bytes, as this one is.
    let done = unsafe {
        let set = ioctl::Setter::<TUNSETIFF, InterfaceRequest>::new(request);
        ioctl::ioctl(file, set)
    };
    Ok(done?)
}
