//! Backups in a bucket: of a stand-in that knows as much of the S3 API as they need.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::servers::{Servers, metad};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A bucket that is served until the test ends.
struct Bucket {
    objects: Objects,
    address: String,
}

impl Bucket {
    #[expect(clippy::disallowed_methods, reason = "a stand-in for another process")]
    fn serve() -> Bucket {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let objects = Objects::default();
        let served = objects.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let objects = served.clone();
                std::thread::spawn(move || drop(answer(&stream, &objects)));
            }
        });
        Bucket { objects, address }
    }

    /// Runs a command that knows where the bucket is.
    fn run(&self, command: &mut Command) -> Output {
        command.env("AWS_ENDPOINT", format!("http://{}", self.address));
        command.env("AWS_ALLOW_HTTP", "true").env("AWS_REGION", "nowhere");
        command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.output().expect("it runs")
    }
}

/// Answers one request.
fn answer(stream: &TcpStream, objects: &Objects) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut size) = (String::new(), 0);
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", length)) => size = length.parse().unwrap_or(0),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; size];
    reader.read_exact(&mut body)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let key = path.trim_start_matches("/bucket").trim_start_matches('/').to_owned();
    let mut objects = objects.lock().expect("no panic");
    let (status, body) = match method {
        "PUT" => {
            objects.insert(key, body);
            ("200 OK", Vec::new())
        }
        _ if key.is_empty() => ("200 OK", listing(&objects, query).into_bytes()),
        _ => match objects.get(&key) {
            Some(object) => ("200 OK", object.clone()),
            None => ("404 Not Found", Vec::new()),
        },
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"1\"\r\n\
         Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

fn listing(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> String {
    let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix="));
    let prefix = prefix.unwrap_or_default().replace("%2F", "/");
    let mut text = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (key, object) in objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        write!(
            text,
            "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
             <ETag>\"1\"</ETag><Size>{}</Size></Contents>",
            object.len()
        )
        .expect("text takes all");
    }
    text + "</ListBucketResult>"
}

#[test]
fn a_bucket_keeps_backups() {
    let Some(from) = Servers::start(1) else { return };
    from.told(&["ns", "create", "main"]);
    from.told(&["mkdir", "/a"]);
    let bucket = Bucket::serve();
    let metactl = |arguments: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metactl"));
        command.args(["--json", "--endpoints", &from.addresses()[0]]).args(arguments);
        let output = bucket.run(&mut command);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let place = "s3://bucket/of/metad";
    let made = metactl(&["backup", "create", place]);
    from.told(&["mkdir", "/b"]);
    metactl(&["backup", "create", place, "--journal"]);
    metactl(&["backup", "verify", place]);
    let keys: Vec<_> = bucket.objects.lock().expect("no panic").keys().cloned().collect();
    let name = made["name"].as_str().expect("a name");
    assert!(keys.contains(&format!("of/metad/backups/{name}.json")), "{keys:?}");

    let mut to = Servers::prepare(1, "restored");
    let mut command = metad();
    command.args(["restore", "--from", place, "--config"]).arg(to.config(1));
    let output = bucket.run(&mut command);
    assert!(output.status.success(), "{output:?}");
    to.start_node(1);
    to.until("leader", |status| status["leader"] == 1);
    assert_eq!(to.told(&["stat", "/b"])["name"], "b");
}
