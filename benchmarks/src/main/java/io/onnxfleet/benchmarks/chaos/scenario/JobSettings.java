package io.onnxfleet.benchmarks.chaos.scenario;

import java.nio.file.Path;

/**
 * What scenarios with a job service share.
 *
 * @param lines of the batch in which processes are killed
 * @param kills of each kind of process within that batch
 * @param accepted how often a job service is killed right after it has accepted a job
 * @param fileBytes of the input that must not fill anybody's memory
 * @param postgresql the folder of PostgreSQL's programs
 */
public record JobSettings(int lines, int kills, int accepted, long fileBytes, Path postgresql) {}
