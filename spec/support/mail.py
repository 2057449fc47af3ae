"""Reads a mail from stdin with Python's own parser, as strictly as it can; prints what it found as JSON."""
import email
import email.header
import email.policy
import email.utils
import json
import sys

PARSER = email.policy.default.clone(raise_on_defect=True)


def described(part):
    name = part.get_filename()
    found = {"type": part.get_content_type(), "disposition": part.get_content_disposition(), "filename": name,
             "cid": part["Content-ID"], "encoding": part["Content-Transfer-Encoding"]}
    if part.is_multipart():
        found["parts"] = [described(inner) for inner in part.iter_parts()]
        found["related"] = part.get_param("type")
    elif part.get_content_maintype() == "text":
        found["text"] = part.get_content()
    else:
        found["hex"] = part.get_content().hex()
    return found


def sender(raw):
    """Its name and address by the older functions: the newer ones leave a space between two encoded words of a name."""
    name, address = email.utils.parseaddr(email.message_from_bytes(raw)["From"])
    return [str(email.header.make_header(email.header.decode_header(name))), address]


raw_message = sys.stdin.buffer.read()
message = email.message_from_bytes(raw_message, policy=PARSER)
headers = [[name, str(value), len(value.defects)] for name, value in message.items()]
boxes = {name: [[a.display_name, a.addr_spec] for a in message[name].addresses]
         for name in ("From", "To", "Reply-To") if name in message}
seconds = message["Date"].datetime.timestamp()
print(json.dumps({"headers": headers, "boxes": boxes, "seconds": seconds, "from": sender(raw_message),
                  "body": described(message)}))
