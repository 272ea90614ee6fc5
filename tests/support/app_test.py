"""Pages run by AppTest: open them, press buttons and read what they show."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

Visit = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    """Return all that a person can read on the page, as one text."""
    kinds = (
        app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.warning,
        app.error, app.success, app.code,
    )  # fmt: skip
    shown = [str(each.value) for kind in kinds for each in kind]
    shown += [f"{each.label} {each.value}" for each in app.metric]
    shown += [each.label for each in [*app.button, *app.expander, *app.checkbox]]
    return "\n".join(shown).replace("\\", "")


def press(app: AppTest, label: str) -> AppTest:
    """Press the button of this label and let the page run."""
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception
    return app
