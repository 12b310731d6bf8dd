/**
 * Verdicts, and each guest's policy, over the API.
 */
import express, { type Express, type Request, type Response } from 'express';
import { api as limits } from '../../controller/limits.ts';
import { defaultDefence } from '../../controller/network/defence-policy.ts';
import type { Guest } from '../../controller/network/model.ts';
import type { Verdict } from '../defence/verdict.ts';
import { UnknownGuestError } from '../migration/errors.ts';
import { type DefencePolicyObject, defencePolicy, type VerdictObject } from './defence-objects.ts';
import { requireJson } from './guards.ts';
import { UnknownVerdictError } from './problems.ts';
import { checked, notAllowed, param } from './requests.ts';
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
    .route('/v1/guests/:guest/defence')
    .get((request, response: Response<DefencePolicyObject>) => {
      response.json(guestOf(controller, request).defence ?? defaultDefence);
    })
    .put(json, (request: Request, response: Response<DefencePolicyObject>) => {
      const { name } = guestOf(controller, request);
      const policy = checked(defencePolicy, request.body);
      defence.defend(name, policy);
      response.json(policy);
    })
    .all(notAllowed('GET, HEAD, PUT'));
}

function presentVerdict({ sources, ended, ...verdict }: Verdict): VerdictObject {
  return { ...verdict, ended: ended ?? null, sources: sources.map((source) => ({ ...source })) };
}

function guestOf({ network }: ControllerView, request: Request): Guest {
  const name = param(request, 'guest');
  const guest = network.state.guests.get(name);
  if (guest === undefined) throw new UnknownGuestError(name, network.state.guests.keys());
  return guest;
}
