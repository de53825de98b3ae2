"""Checks that the reference of the documentation lists exactly what the code has."""

import pathlib
import re
import unittest

from pages import code, names, read, rust, section, tables, tracked

REFERENCE = "docs/reference.md"
FUNCTIONS = ["define-auth-challenge/src", "create-auth-challenge/src", "verify-auth-challenge/src", "enrolment/src", "pre-token-generation/src"]
LIBRARIES = ["shared/src", "runtime/src", "aws/src"]
# The variables that functions read through the crate for messages.
MAILING = {"create-auth-challenge/src", "enrolment/src"}


def table(page, heading, index=0):
    return tables(section(page, heading))[index]


def variables(*folders):
    """Returns the variables that the code in `folders` reads from an `Environment`."""
    source = rust(*folders)
    read_ones = set(re.findall(r"environment\s*\.(?:required|optional|get)\(\s*\"([A-Z0-9_]+)\"", source))
    constants = dict(re.findall(r"const (\w+): &str = \"([A-Z0-9_]+)\";", source))
    by_constant = re.findall(r"environment\s*\.(?:required|optional|get)\(\s*([A-Z_]+)\b", source)
    return read_ones | {constants[name] for name in by_constant}


def given(function):
    """Returns the variables that the template sets only for this function."""
    own = re.search(rf"CodeUri: {function.removesuffix('src')}\n.*?(?=^  \w)", read("template.yaml"), re.MULTILINE | re.DOTALL)[0]
    return set(re.findall(r"^ {10}([A-Z][A-Z0-9_]+): ", own, re.MULTILINE))


class Reference(unittest.TestCase):
    def test_template_parameters(self):
        parameters = re.search(r"^Parameters:\n(.*?)^\w", read("template.yaml"), re.MULTILINE | re.DOTALL)[1]
        there = {}
        for name, body in re.findall(r"^  (\w+):\n((?: {4}.*\n|\n)+)", parameters, re.MULTILINE):
            default = re.search(r"^    Default: (.*)$", body, re.MULTILINE)[1].strip("'")
            there[name] = default
        self.assertGreater(len(there), 10)
        documented = {code(row[0])[0]: "".join(code(row[1])) for row in table(REFERENCE, "Template parameters")}
        self.assertEqual(documented, there)

    def test_template_outputs(self):
        outputs = read("template.yaml").split("\nOutputs:\n")[1]
        there = re.findall(r"^  (\w+):$", outputs, re.MULTILINE)
        self.assertEqual(sorted(names(table(REFERENCE, "Template outputs"))), sorted(there))

    def test_environment_variables(self):
        rows = table(REFERENCE, "Environment variables")
        marks = {code(row[0])[0]: [cell == "✓" for cell in row[1:5]] for row in rows}
        for column, function in enumerate(FUNCTIONS[:4]):
            documented = {name for name, columns in marks.items() if columns[column]}
            folders = [function, "messages/src"] if function in MAILING else [function]
            there = variables(*folders) | given(function)
            self.assertEqual(there - documented, set(), f"{function}: not in the reference")
            # A type may have its own list of variables.
            named = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', rust(*folders)))
            self.assertEqual(documented - there - named, set(), f"{function}: not in the code")
        others = set(names(table(REFERENCE, "Environment variables", 1)))
        known = set(marks) | others
        self.assertLessEqual(variables(*LIBRARIES), known)
        own = re.findall(r'"(AWS_[A-Z_]+|RUST_LOG)"', rust("aws/src", "runtime/src"))
        services = re.findall(r'cognito_challenge_aws::configure\(\w+, "(\w+)"\)', rust(*FUNCTIONS, "messages/src"))
        self.assertLessEqual(set(own) | {f"AWS_ENDPOINT_URL_{service}" for service in services}, others)

    def test_public_parameters(self):
        source = rust("create-auth-challenge/src", "shared/src")
        constants = dict(re.findall(r"const (\w+): &str = \"(\w+)\";", source))
        there = set()
        for name, constant in re.findall(r"\.public\(\s*(?:\"(\w+)\"|([A-Z_]+)),", source):
            there.add(name or constants[constant])
        for name, constant in re.findall(r"\bpublic\.insert\(\s*(?:\"(\w+)\"|([A-Z_]+)),", source):
            there.add(name or constants[constant])
        self.assertGreater(len(there), 10)
        documented = self.first_column("Public parameters")
        self.assertEqual(there - documented, set(), "not in the reference")
        # A type may have its own list of parameters.
        self.assertEqual(documented - there - set(re.findall(r'"(\w+)"', source)), set(), "not in the code")
        reserved = re.search(r"OWN_PARAMETERS: \[&str; \d+\] = \[(.*?)\];", source, re.DOTALL)[1]
        reserved = {word.strip('"') if '"' in word else constants[word] for word in re.findall(r'"?\w+"?', reserved)}
        sentence = re.search(r"The parameters (.*?) are reserved", read(REFERENCE), re.DOTALL)[1]
        self.assertEqual(set(code(sentence.replace("\n", " "))), reserved)

    def first_column(self, heading):
        return set(names(table(REFERENCE, heading)))

    def test_client_metadata(self):
        there = re.findall(r"client_metadata\s*\.get\(\s*\"(\w+)\"", rust("create-auth-challenge/src", "verify-auth-challenge/src"))
        self.assertEqual(self.first_column("Client metadata"), set(there))

    def test_metrics(self):
        def declared(source):
            metrics = re.findall(r"^\s*Metric::(count|time)\(\"(\w+)\"(?:, (?:None|Some\(\"(\w+)\"\)))?\)", source, re.MULTILINE)
            return {name: (kind == "time", [by] if by else []) for kind, name, by in metrics}

        def documented(rows):
            return {code(row[0])[0]: (row[2].startswith("time "), code(row[3])) for row in rows}

        own, types = tables(section(REFERENCE, "Metrics"))
        self.assertEqual(documented(own), declared(rust("runtime/src")))
        self.assertEqual(documented(types), declared(rust("shared/src", "messages/src", *FUNCTIONS)))
        namespace = re.search(r'NAMESPACE: &str = "(\w+)"', rust("runtime/src"))[1]
        self.assertIn(f"`{namespace}`", section(REFERENCE, "Metrics"))

    def test_problems_of_the_enrolment(self):
        source = rust("enrolment/src")
        named = set(re.findall(r'(?:Problem::new|Self::new|refused)\(\s*"([a-z-]+)"', source))
        named |= set(re.findall(r'=> \("([a-z-]+)", (?:None|Some)', source))
        self.assertEqual(set(names(table("docs/enrolment.md", "Problems"))), named)
        routes = set(re.findall(r'"([A-Z]+ /enrolment[a-z/]*)"', read("enrolment/src/function.rs")))
        self.assertEqual(set(names(table("docs/enrolment.md", "The API"))), routes)

    def test_log_fields(self):
        source = re.search(r"pub const FIELDS: \[&str; \d+\] = \[(.*?)\];", rust("runtime/src"), re.DOTALL)[1]
        there = ["function" if "FUNCTION" in line else line.strip(' ",') for line in source.splitlines() if line.strip()]
        self.assertEqual(names(table(REFERENCE, "Log fields")), there)

    def test_reasons(self):
        page, heading = "docs/operating.md", "Why a sign-in failed"
        denials = re.search(r"pub enum Denial \{(.*?)\n\}", rust("shared/src"), re.DOTALL)[1]
        self.assertEqual(set(names(table(page, heading, 0))), set(re.findall(r"^    (\w+),", denials, re.MULTILINE)))
        wrong = re.search(r"pub enum Why \{(.*?)\n\}", rust("shared/src"), re.DOTALL)[1]
        self.assertEqual(set(names(table(page, heading, 1))), set(re.findall(r"^    (\w+),", wrong, re.MULTILINE)))
        others = set(re.findall(r'reason = "(\w+)",?(?=[^\]]*?;)', rust(*FUNCTIONS))) | {"S3Late", "S3Failed"}
        self.assertEqual(set(names(table(page, heading, 2))), others - {"NotCounted"})

    def test_alarms(self):
        there = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::(?:Composite)?Alarm", read("template.yaml"), re.MULTILINE)
        self.assertEqual(set(names(table("docs/operating.md", "Alarms"))), set(there))

    def test_flags_of_local(self):
        fields = re.findall(r"#\[arg\([^\]]*?\blong\b( = \"[\w-]+\")?[^\]]*\]\n\s+pub\(crate\) (\w+):", read("local/src/args.rs"))
        there = {f"--{long[4:-1] if long else field.replace('_', '-')}" for long, field in fields}
        self.assertEqual({flag.split()[0] for flag in names(table("docs/local.md", "Flags"))}, there)

    def test_flags_of_admin(self):
        fields = re.findall(r"#\[arg\([^\]]*?\blong\b( = \"[\w-]+\")?[^\]]*\]\n\s+(?:pub\(crate\) )?(\w+):", read("admin/src/args.rs"))
        there = {f"--{long[4:-1] if long else field.replace('_', '-')}" for long, field in fields}
        page = set(re.findall(r"--[a-z-]+", read("docs/enrolling.md")))
        self.assertEqual(there - page, set())

    def test_standard_languages(self):
        """Checks that the page, the lists and the files have the same languages."""
        rows = table("docs/languages.md", "Add languages")
        there = names(rows)
        self.assertEqual(there, sorted(there))
        for name, folder in (("STANDARD", "shared/src"), ("TEXTS", "create-auth-challenge/src"), ("TEXTS", "enrolment/src")):
            tags = re.search(rf"\b{name}: &\[\(&str, &str\)\] = &\[(.*?)\n\];", rust(folder), re.DOTALL)[1]
            self.assertEqual(sorted(re.findall(r'\("([\w-]+)",', tags)), there, name)
        for files in ("shared/texts/*.json", "create-auth-challenge/texts/*.json", "enrolment/texts/*.json", "local/*page/texts/*.js"):
            self.assertEqual([pathlib.Path(path).stem for path in tracked(files)], there, files)
        spoken = re.search(r"const LANGUAGES: \[&str; \d+\] = \[(.*?)\];", rust("create-auth-challenge/src"))[1]
        self.assertEqual([code(tag)[0] for tag, _, recordings, _ in rows if recordings], re.findall(r"\w+", spoken))
        self.assertLessEqual({reviewed for *_, reviewed in rows}, {"yes", "no"})

    def test_budgets_of_the_functions(self):
        budgets = re.search(r"BUDGET = \{(.*?)\n\}", read(".ci/sizes.py"), re.DOTALL)[1]
        there = re.findall(r": ([\d_]+),$", budgets, re.MULTILINE)
        documented = [row[3] for row in table("docs/performance.md", "Sizes")]
        self.assertEqual(sorted(documented), sorted(number.replace("_", ",") for number in there))

    def test_flows_have_the_form_that_the_template_allows(self):
        form = re.search(r"^  AuthFlow:\n.*?AllowedPattern: '(.*?)'$", read("template.yaml"), re.MULTILINE | re.DOTALL)[1]
        flows = []
        for page in ["README.md", *tracked("docs/*.md")]:
            flows += re.findall(r"(?<![\w|])[A-Z][A-Z_]+(?:[|,:][A-Z0-9_]+)*:\d(?:,[A-Z0-9_|:]+)*", read(page).replace("\\|", "|"))
        self.assertGreater(len(flows), 5)
        for flow in flows:
            self.assertRegex(flow, f"^{form}$")

    def test_queries_use_fields_of_the_log(self):
        fields = set(names(table(REFERENCE, "Log fields")))
        queries = re.findall(r"^    (filter .*)$", read("docs/operating.md"), re.MULTILINE)
        self.assertEqual(len(queries), 3)
        for query in queries:
            words = set(re.findall(r"\b[a-z][A-Za-z]+\b", re.sub(r'"[^"]*"', "", query)))
            self.assertLessEqual(words - {"filter", "sort", "display", "stats", "count", "by", "bin", "in", "latest"}, fields)

    def test_error_messages(self):
        """Checks that each message of the page is in the source, except for values of the run time."""
        sources = [read(path) for path in tracked("*.rs", "*.ts") if not path.startswith("examples/template")]
        # A string may continue on the next line.
        source = re.sub(r"\\\n\s*", "", "\n".join(sources)).replace('\\"', '"')
        headings = ["A function does not start", "Errors of create", "Errors of any function", "`local` does not start", "`admin` fails"]
        messages = [(heading, message) for heading in headings for message in names(table("docs/troubleshooting.md", heading))]
        messages += [("Errors of Cognito", text) for text in names(table("docs/troubleshooting.md", "Errors of Cognito"), 1)]
        messages += [("common mistakes", text) for part in (0, 1) for text in names(table("examples/own-challenge/README.md", "Common mistakes", part))]
        self.assertGreater(len(messages), 60)
        for heading, message in messages:
            for piece in fixed(message):
                with self.subTest(where=heading, message=message, piece=piece):
                    self.assertTrue(piece in source, "not in the source")


# Messages of Lambda or AWS, which are not in the source.
NOT_OURS = {"AccessDeniedException."}


def fixed(message):
    """Returns the constant parts of a message: those between names, numbers, lists and values in backticks."""
    pieces = re.split(r"^challenge types: |`[^`]*`|…|\b[A-Z][A-Z_]{2,}\b|\b[A-Z]\b|\b\d+\b|: (?=\{)|, such as |; known: .*|\{.*\}|\([^)]*\)|:\d+: Resources\.", message)
    pieces = [piece.strip(" ,:;.`") for piece in pieces]
    return [piece for piece in pieces if " " in piece and piece not in NOT_OURS]


if __name__ == "__main__":
    unittest.main()
