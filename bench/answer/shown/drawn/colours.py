"""The colours of figures; report.css has the same for the page."""

THEMES = {
    "light": {
        **{"paper": "#ffffff", "ink": "#15181b", "mute": "#565d64", "rule": "#d9dcdf"},
        **{"django": "#4d4d4d", "fastapi": "#0072b2", "flask": "#c2410c", "other": "#565d64"},
    },
    "dark": {
        **{"paper": "#0d1117", "ink": "#eceff1", "mute": "#a7b0b8", "rule": "#343a40"},
        **{"django": "#c9c9c9", "fastapi": "#5ab4ff", "flask": "#ff9d5c", "other": "#a7b0b8"},
    },
}
COLOURS = THEMES["light"]
