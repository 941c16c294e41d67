# The page and the command line, without TensorFlow: models answer through their .tflite files.
#
#   docker build -t tfinpaint .
#   docker run --rm -p 8000:8000 tfinpaint                                  the page, at http://localhost:8000
#   docker run --rm -v "$PWD:/photos" tfinpaint restore photo.jpg -o restored.jpg
#
# Two stages: the first makes the wheel, with weights, fonts and face detector in it; the second installs it with what
# restoring needs, and nothing that made it stays. It runs as an unprivileged user and fetches nothing.

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir numpy opencv-python-headless pillow tqdm ai-edge-litert fastapi python-multipart uvicorn \
    && pip install --no-cache-dir --no-deps /wheels/*.whl \
    && rm -r /wheels \
    && useradd --create-home painter
USER painter
WORKDIR /photos
EXPOSE 8000
ENTRYPOINT ["tfinpaint"]
CMD ["app", "--host", "0.0.0.0", "--no-browser"]
