/**
 * Verdicts, flights, and each guest's policy, over the API.
 */
import express, { type Express, type Request, type Response } from 'express';
import { api as limits } from '../../controller/limits.ts';
import { policyOf } from '../../controller/network/defence-policy.ts';
import type { Flight } from '../../controller/network/flight.ts';
import type { Verdict } from '../defence/verdict.ts';
import {
  type DefencePolicyObject,
  defencePolicy,
  type FlightObject,
  type VerdictObject,
} from './defence-objects.ts';
import { requireJson } from './guards.ts';
import { UnknownFlightError, UnknownVerdictError } from './problems.ts';
import { checked, guestOf, notAllowed, param } from './requests.ts';
import type { ControllerView } from './view.ts';

export function addDefenceRoutes(app: Express, controller: ControllerView): void {
  const { defence } = controller;
  const json = [requireJson, express.json({ limit: limits.bodyBytes })];
  app
    .route('/v1/verdicts')
    .get((_request, response: Response<VerdictObject[]>) => {
      response.json([...defence.verdicts.values()].map(presentVerdict));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/verdicts/:id')
    .get((request, response: Response<VerdictObject>) => {
      const id = param(request, 'id');
      const verdict = defence.verdicts.get(id);
      if (verdict === undefined) throw new UnknownVerdictError(id);
      response.json(presentVerdict(verdict));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/flights')
    .get((_request, response: Response<FlightObject[]>) => {
      response.json([...controller.network.state.flights.values()].map(presentFlight));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/flights/:id')
    .get((request, response: Response<FlightObject>) => {
      const id = param(request, 'id');
      const flight = controller.network.state.flights.get(id);
      if (flight === undefined) throw new UnknownFlightError(id);
      response.json(presentFlight(flight));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/guests/:guest/defence')
    .get((request, response: Response<DefencePolicyObject>) => {
      response.json(policyOf(controller.network.state, guestOf(controller.network, request).name));
    })
    .put(json, (request: Request, response: Response<DefencePolicyObject>) => {
      const { name } = guestOf(controller.network, request);
      const policy = checked(defencePolicy, request.body);
      defence.defend(name, policy);
      response.json(policy);
    })
    .delete((request, response: Response<DefencePolicyObject>) => {
      const { name } = guestOf(controller.network, request);
      defence.defend(name, undefined);
      response.json(policyOf(controller.network.state, name));
    })
    .all(notAllowed('GET, HEAD, PUT, DELETE'));
}

function presentVerdict({ sources, ended, ...verdict }: Verdict): VerdictObject {
  return { ...verdict, ended: ended ?? null, sources: sources.map((source) => ({ ...source })) };
}

function presentFlight({ verdicts, migration, entered, ...flight }: Flight): FlightObject {
  return { ...flight, verdicts: [...verdicts], migration: migration ?? null, entered: { ...entered } };
}
