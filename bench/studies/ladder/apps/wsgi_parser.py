"""The server, with its parser: a WSGI app that looks at method and path."""

from stored import answer_to

STATUS = {200: "200 OK", 201: "201 Created"}


def app(environ, start_response):
    status, body = answer_to(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(STATUS[status], headers)
    return [body]
