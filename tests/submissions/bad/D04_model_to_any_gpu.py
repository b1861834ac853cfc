"""The model goes to a GPU whenever there is one."""

from base import *


def load_model(model_file_path=""):
    model = Model().eval()
    if torch.cuda.is_available():
        model = model.cuda()
    return model


def get_scene_embeddings(audio, model):
    if torch.cuda.is_available():
        model, audio = model.to(audio.device), audio.cuda()
    return model(frame(audio)).mean(1)
