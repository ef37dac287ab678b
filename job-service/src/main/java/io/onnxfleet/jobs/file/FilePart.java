package io.onnxfleet.jobs.file;

/** One of the objects that a file is, one after the other. */
public record FilePart(String object, long size) {}
