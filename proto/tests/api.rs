//! docs/API.md is the .proto files in Markdown, and stays so.
//! `UPDATE_EXPECT=1 cargo test -p metad-proto` writes it.

use std::{collections::BTreeMap, fmt::Write as _};

use expect_test::expect_file;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto, field_descriptor_proto::Label, source_code_info::Location,
};

/// Field numbers in descriptor.proto, of which the paths to comments are made.
const FILE_MESSAGES: i32 = 4;
const FILE_ENUMS: i32 = 5;
const FILE_SERVICES: i32 = 6;
const MESSAGE_FIELDS: i32 = 2;
const MESSAGE_MESSAGES: i32 = 3;
const ENUM_VALUES: i32 = 2;
const SERVICE_METHODS: i32 = 2;

struct Page {
    text: String,
    comments: BTreeMap<Vec<i32>, String>,
}

impl Page {
    /// A comment as it was written.
    fn comment(&self, path: &[i32]) -> String {
        self.comments.get(path).cloned().unwrap_or_default()
    }

    /// A comment in a cell of a table.
    fn cell(&self, path: &[i32], more: [i32; 2]) -> String {
        self.comment(&[path, &more].concat()).replace('\n', " ").replace('|', "\\|")
    }

    fn line(&mut self, line: impl AsRef<str>) {
        writeln!(self.text, "{}", line.as_ref()).expect("text takes all");
    }

    fn service(&mut self, service: &ServiceDescriptorProto, path: &[i32]) {
        self.line(format!("\n## Service {}\n\n{}\n", service.name(), self.comment(path)));
        self.line("| call | request | reply | |\n|---|---|---|---|");
        let stream = |streaming, name: &str| match streaming {
            true => format!("stream of {}", link(name)),
            false => link(name),
        };
        for (index, method) in service.method.iter().enumerate() {
            self.line(format!(
                "| `{}` | {} | {} | {} |",
                method.name(),
                stream(method.client_streaming(), method.input_type()),
                stream(method.server_streaming(), method.output_type()),
                self.cell(path, [SERVICE_METHODS, index as i32])
            ));
        }
    }

    fn message(&mut self, message: &DescriptorProto, path: &[i32], outer: &str) {
        if message.options.as_ref().is_some_and(|options| options.map_entry()) {
            return;
        }
        let name = format!("{outer}{}", message.name());
        self.line(format!("\n### {name}\n\n{}\n", self.comment(path)));
        if !message.field.is_empty() {
            self.line("| field | type | |\n|---|---|---|");
        }
        for (index, field) in message.field.iter().enumerate() {
            let choice = field.oneof_index.map(|choice| message.oneof_decl[choice as usize].name());
            let choice = choice.map_or_else(String::new, |choice| format!("One `{choice}`. "));
            self.line(format!(
                "| `{}` | {} | {choice}{} |",
                field.name(),
                type_of(field, message),
                self.cell(path, [MESSAGE_FIELDS, index as i32])
            ));
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            let path = [path, &[MESSAGE_MESSAGES, index as i32]].concat();
            self.message(nested, &path, &format!("{name}."));
        }
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto, path: &[i32]) {
        self.line(format!("\n### {}\n\n{}\n", enumeration.name(), self.comment(path)));
        self.line("| value | number | |\n|---|---|---|");
        for (index, value) in enumeration.value.iter().enumerate() {
            let comment = self.cell(path, [ENUM_VALUES, index as i32]);
            self.line(format!("| `{}` | {} | {comment} |", value.name(), value.number()));
        }
    }
}

/// A link to the section of a type, which the protos name with its package.
fn link(name: &str) -> String {
    let name = name.trim_start_matches(".metad.v1.");
    format!("[{name}](#{})", name.to_lowercase().replace('.', ""))
}

fn type_of(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let last = field.type_name().rsplit('.').next().unwrap_or_default();
    let entry = message.nested_type.iter().find(|nested| nested.name() == last);
    if let Some(entry) = entry.filter(|nested| nested.options.is_some()) {
        let parts = entry.field.iter().map(|part| type_of(part, entry)).collect::<Vec<_>>();
        return format!("map of {}", parts.join(" to "));
    }
    let shown = match field.type_name() {
        "" => format!("{:?}", field.r#type()).to_lowercase(),
        name => link(name),
    };
    if field.label() == Label::Repeated { format!("list of {shown}") } else { shown }
}

fn comments(file: &FileDescriptorProto) -> BTreeMap<Vec<i32>, String> {
    let text = |location: &Location| {
        let lines = location.leading_comments.as_ref()?.lines().map(str::trim);
        Some((location.path.clone(), lines.collect::<Vec<_>>().join("\n")))
    };
    file.source_code_info.iter().flat_map(|info| &info.location).filter_map(text).collect()
}

fn page(file: &FileDescriptorProto) -> String {
    let mut page = Page { text: String::new(), comments: comments(file) };
    for (index, service) in file.service.iter().enumerate() {
        page.service(service, &[FILE_SERVICES, index as i32]);
    }
    for (index, message) in file.message_type.iter().enumerate() {
        page.message(message, &[FILE_MESSAGES, index as i32], "");
    }
    for (index, enumeration) in file.enum_type.iter().enumerate() {
        page.enumeration(enumeration, &[FILE_ENUMS, index as i32]);
    }
    page.text
}

#[test]
fn the_api_page_is_what_the_protos_say() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let files = ["metad/v1/files.proto", "metad/v1/cluster.proto"];
    let compiled = protox::compile(files, [folder]).expect("the protos compile");
    let pages = compiled.file.iter().filter(|file| file.package() == "metad.v1").map(page);
    let text = format!(
        "# API\n\nMade from the .proto files in `proto/proto/metad/v1` by a test of \
         `metad-proto`: change those.\n\nErrors: [errors](errors/README.md). Promises: \
         [CONSISTENCY.md](CONSISTENCY.md).\n{}",
        pages.collect::<String>()
    );
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API.md")].assert_eq(&text);
}
