#!/usr/bin/env python3
"""Writes the pictures of this folder and golden.safetensors: what PIL decodes and resizes, what
torchvision resizes, and the views of the published preprocessing. Run once, results are checked in:

    make_golden.py FOLDER     needs pillow, torch, torchvision, safetensors

golden.safetensors holds
    decoded.FILE             U8 [height, width, 3], after EXIF orientation and convert("RGB")
    resize.N.in, .out        U8 [height, width, 3], PIL, bilinear
    real.N.in, .out          F32 [height, width, 3], torchvision, bilinear, antialias
    views.N.in               U8 [height, width, 3]
    views.N.view, .crops     F16 [3, 26, 26], [crops, 3, 18, 18], normalised before resizing
    views.2.view8, .crops8   the same, resized before normalising
Views are made with the published algorithm at a 28th of its sizes: 26 for 728, 18 for 504.
"""

import io
import pathlib
import struct
import sys
import zlib

import numpy
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import normalize, resize

VIEW, CROP, LONGEST = 26, 18, 108
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def picture(width, height, seed):
    """Smooth colours with noise and an edge."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    channels = [128 + 100 * numpy.sin(x / (3.0 + c) + y / (5.0 - c)) for c in range(3)]
    pixels = numpy.stack(channels, axis=-1) + random.normal(0, 12, (height, width, 3))
    pixels[height // 3 :, width // 2 :, seed % 3] = 250
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8), "RGB")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(pixels):
    """PNG of 16 bits a channel, which PIL does not write."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_interlaced(pixels):
    """Adam7, which PIL does not write either."""
    height, width, _ = pixels.shape
    rows = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for row in pixels[y0::dy, x0::dx]:
            if row.size:
                rows += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def files():
    base = picture(21, 13, 1)
    palette = base.quantize(12)
    transparent = palette.copy()
    transparent.info["transparency"] = 3
    alpha = base.copy()
    alpha.putalpha(base.getchannel(0))
    pixels = numpy.asarray(base)
    saved = [
        ("plain.jpg", base, {"quality": 90}),
        ("full-chroma.jpg", base, {"quality": 95, "subsampling": 0}),
        ("progressive.jpg", base, {"quality": 80, "progressive": True}),
        ("grey.jpg", base.convert("L"), {"quality": 90}),
        ("cmyk.jpg", base.convert("CMYK"), {"quality": 90}),
        ("plain.png", base, {}),
        ("alpha.png", alpha, {}),
        ("grey.png", base.convert("L"), {}),
        ("grey-alpha.png", alpha.convert("LA"), {}),
        ("palette.png", palette, {}),
        ("palette-transparent.png", transparent, {"transparency": 3}),
        ("bits.png", base.convert("1"), {}),
    ]
    for name, image, options in saved:
        out = io.BytesIO()
        image.save(out, "JPEG" if name.endswith("jpg") else "PNG", **options)
        yield name, out.getvalue()
    for value in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        out = io.BytesIO()
        base.save(out, "JPEG", quality=85, exif=exif)
        yield f"turned-{value}.jpg", out.getvalue()
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    base.save(out, "PNG", exif=exif)
    yield "turned-6.png", out.getvalue()
    yield "deep.png", png16(pixels.astype(numpy.uint16) * 257 - 77)
    yield "deep-alpha.png", png16(numpy.dstack([pixels, pixels[..., :1]]).astype(numpy.uint16) * 251)
    yield "interlaced.png", png_interlaced(pixels)


def views(image, normalize_first):
    """The published preprocessing, from its description and with PIL's and torchvision's own functions."""

    def tensor(picture, side):
        if not normalize_first:
            picture = picture.resize((side, side), Image.Resampling.BILINEAR)
        real = torch.from_numpy(numpy.asarray(picture).copy()).permute(2, 0, 1).float() / 255
        real = normalize(real, MEAN, STD)
        if normalize_first:
            real = resize(real, [side, side], InterpolationMode.BILINEAR, antialias=True)
        return real.contiguous().numpy()

    width, height = image.size
    if min(width, height) < 32 and not 1 / 4 <= width / height <= 4:
        square = Image.new("RGB", (max(width, height),) * 2)
        square.paste(image, (0, 0))
        image = square
    width, height = image.size
    if max(width, height) > LONGEST:
        scale = LONGEST / max(width, height)
        image = image.resize((int(width * scale), int(height * scale)), Image.Resampling.BILINEAR)
    width, height = image.size
    long, short = max(width, height), min(width, height)
    if long <= VIEW:
        window = short if long / short > 1.5 else 0
    else:
        window = min(short, CROP) if long / short > 4 else CROP
    crops = []
    if window:
        canvas = []
        for length in (width, height):
            if length >= window:
                whole = length // window
                length = window * (whole + (length / window - whole > 0.2))
            canvas.append(length)
        big = image.resize(canvas, Image.Resampling.BILINEAR)
        for y in range(0, max(canvas[1] - window, 0) + 1, window):
            for x in range(0, max(canvas[0] - window, 0) + 1, window):
                crops.append(tensor(big.crop((x, y, x + window, y + window)), CROP))
    crops = numpy.stack(crops) if crops else numpy.zeros((0, 3, CROP, CROP))
    return tensor(image, VIEW).astype(numpy.float16), crops.astype(numpy.float16)


def main(folder):
    golden = {}
    for name, data in files():
        (folder / name).write_bytes(data)
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        golden[f"decoded.{name}"] = numpy.asarray(image)
    sizes = [((61, 47), (13, 9)), ((13, 9), (40, 31)), ((30, 20), (30, 7)), ((31, 20), (8, 20)), ((5, 40), (6, 39))]
    for n, (before, after) in enumerate(sizes):
        image = picture(*before, n)
        golden[f"resize.{n}.in"] = numpy.asarray(image)
        golden[f"resize.{n}.out"] = numpy.asarray(image.resize(after, Image.Resampling.BILINEAR))
        real = torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1).float() / 255
        out = resize(real, [after[1], after[0]], InterpolationMode.BILINEAR, antialias=True)
        golden[f"real.{n}.in"] = real.permute(1, 2, 0).contiguous().numpy()
        golden[f"real.{n}.out"] = out.permute(1, 2, 0).contiguous().numpy()
    # No crops; a strip within the view; a grid; a window beyond the canvas; shrunk; padded.
    for n, size in enumerate([(24, 20), (25, 10), (43, 33), (45, 15), (220, 40), (7, 40)]):
        image = picture(*size, n)
        golden[f"views.{n}.in"] = numpy.asarray(image)
        golden[f"views.{n}.view"], golden[f"views.{n}.crops"] = views(image, True)
        if n == 2:
            golden[f"views.{n}.view8"], golden[f"views.{n}.crops8"] = views(image, False)
    save_file({key: numpy.ascontiguousarray(value) for key, value in golden.items()}, folder / "golden.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(pathlib.Path(sys.argv[1]))
