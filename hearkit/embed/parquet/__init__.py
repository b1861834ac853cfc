"""Results in Parquet: many recordings in few files, with a row for each.

`hear-embed --format parquet` writes files `part-*.parquet` into `--out`, with these columns:

| column | type | what |
| --- | --- | --- |
| `path` | string | the recording's path below the folder that was named, or below the manifest's; no two rows have the same |
| `scene_embedding` | fixed_size_list&lt;float32&gt; | one embedding, of scene_embedding_size numbers |
| `timestamps` | list&lt;float32&gt; | milliseconds |
| `timestamp_embeddings` | list&lt;fixed_size_list&lt;float32&gt;&gt; | an embedding of timestamp_embedding_size numbers for each timestamp |
| `source` | string | path or URL of the audio file, as given |
| `duration` | double | duration of the audio file in seconds |
| `sample_rate` | int64 | sample rate of the model in Hz |
| `module`, `weights` | string | the HEAR module and its checkpoint; "" for the default checkpoint |
| `version` | string | version of hearbaseline that wrote the row |
| `fingerprint` | string | digest of what the row was made from; tells whether it is current |
| `made_from` | string | the same four things as in a `.npz` file, as JSON |

A part is written atomically: it is complete, or not there.
"""  # noqa: E501 - a row of a table is a line
