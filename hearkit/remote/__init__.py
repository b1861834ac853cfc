"""Recordings and results at URLs: object stores and whatever else fsspec reaches."""
