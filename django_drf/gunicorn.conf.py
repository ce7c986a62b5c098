"""How this stack is served; Gunicorn reads this file by itself."""

wsgi_app = "config.wsgi:application"
bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = 2
threads = 2  # of gthread; Uvicorn's worker has a pool of its own, of 40
keepalive = 75  # seconds; an idle client should not lose its connection between two requests
control_socket_disable = True  # it would be opened in the home folder, which may be read-only
