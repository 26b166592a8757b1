"""DynamoDB at an address of this machine, for other processes: moto behind a port.

Calls are answered one at a time, because moto's own writes are not atomic; unless that is what is
wanted, to see whether a test notices.
"""

import threading
from contextlib import AbstractContextManager, nullcontext

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from infra.local_server import Handler, LocalServer

__all__ = ["REGION", "DynamoDBEndpoint"]

REGION = "eu-central-1"


class DynamoDBEndpoint(LocalServer):
    """A DynamoDB of one process and its children.

    Parameters
    ----------
    atomic : bool
        Whether one call is answered at a time; else writes that race lose one another.
    """

    def __init__(self, *, atomic: bool = True) -> None:
        lock: AbstractContextManager[object] = threading.Lock() if atomic else nullcontext()
        self.called: set[str] = set()  # the actions that were asked for, as IAM names them
        called = self.called

        class Calls(Handler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                # moto chooses the service by the host it was meant for.
                url = f"https://dynamodb.{REGION}.amazonaws.com/"
                headers = HTTPHeaders()
                for name, value in self.headers.items():
                    headers[name] = value
                called.add("dynamodb:" + headers["X-Amz-Target"].rpartition(".")[2])
                request = AWSPreparedRequest("POST", url, headers, body, stream_output=False)
                try:
                    with lock:
                        answer = botocore_stubber.process_request(request)
                except RuntimeError:  # of a dictionary that another call changed meanwhile
                    answer = (500, {}, b'{"__type": "InternalServerError"}')
                status, answered, content = answer or (404, {}, b"")
                content = content.encode() if isinstance(content, str) else content
                dropped = {"content-length", "server", "date"}
                kept = {
                    name: str(value)
                    for name, value in answered.items()
                    if name.lower() not in dropped
                }
                self.send(int(status), kept, content)

        super().__init__(Calls)

    def environment(self) -> dict[str, str]:
        """The variables by which a process finds this DynamoDB and no other."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://{self.address}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
