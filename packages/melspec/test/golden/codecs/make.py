"""MP3, Opus and FLAC files as libsndfile writes them, and what libsndfile reads back: float32 [channels, samples].

pip install numpy==2.4.6 soundfile==0.14.0 (libsndfile 1.2.2); python make.py
"""
import pathlib

import numpy as np
import soundfile as sf

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(5)
t = np.arange(9000) / 44100
mono = 0.4 * np.sin(2 * np.pi * (300 + 2000 * t) * t) + 0.05 * rng.standard_normal(9000)
stereo = np.stack([mono, 0.7 * np.roll(mono, 100)], 1)
sf.write(here / "mono.mp3", mono, 44100, format="MP3", subtype="MPEG_LAYER_III")
sf.write(here / "stereo.mp3", stereo, 44100, format="MP3", subtype="MPEG_LAYER_III")
sf.write(here / "mono.opus", mono, 48000, format="OGG", subtype="OPUS")
sf.write(here / "stereo.opus", stereo, 48000, format="OGG", subtype="OPUS")
# Every width of FLAC, with both ends of the scale.
wide = np.array([-(2**31), 2**31 - 2**8, 2**30, -(2**30), 256, -256, 0, *(rng.integers(-(2**23), 2**23, 2000) * 256)], dtype=np.int32)
narrow = np.array([-32768, 32767, 0, 1, -1, *rng.integers(-32768, 32768, 3000)], dtype=np.int16)
sf.write(here / "full-24.flac", wide, 44100, subtype="PCM_24")
sf.write(here / "full-16.flac", narrow, 8000, subtype="PCM_16")
sf.write(here / "full-8.flac", narrow, 22050, subtype="PCM_S8")
# Several FLAC frames and Ogg pages, to damage one of.
long = np.round(3000 * rng.standard_normal(20000)).astype(np.int16)
sf.write(here / "long.flac", long, 44100, subtype="PCM_16")
for path in sorted(here.glob("*.*")):
    if path.suffix in {".mp3", ".opus", ".flac"} and path.stem != "long":
        samples, _ = sf.read(path, dtype="float32", always_2d=True)
        np.save(f"{path}.npy", np.ascontiguousarray(samples.T))
