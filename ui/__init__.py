"""The browser studio. Only this package and app.py know Gradio."""
